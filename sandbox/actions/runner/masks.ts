/**
 * Secrets of a job, which no line of its log shows and no output of it carries. Source: actions/runner `HostContext.cs`
 * (`SecretMasker`, its value encoders) and `JobExtension.cs` ("Skip output … since it may contain secret").
 */
export class Masks {
  /** The longest first, so that no part of a longer one is left. */
  private values: readonly string[] = [];

  /** Masks a value, each of its lines, and the forms in which programs often print it. */
  add(secret: string): void {
    const texts = [secret, ...secret.split(/\r?\n/)].filter((text) => text !== '');
    this.values = [...new Set([...this.values, ...texts.flatMap(formsOf)])].toSorted((a, b) => b.length - a.length);
  }

  hide(text: string): string {
    return this.values.reduce((hidden, value) => hidden.replaceAll(value, '***'), text);
  }

  isIn(text: string): boolean {
    return this.hide(text) !== text;
  }
}

const formsOf = (text: string): string[] =>
  [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), Buffer.from(text).toString('base64')].filter(
    (form) => form !== '',
  );
