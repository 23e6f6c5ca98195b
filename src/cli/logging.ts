/** One log, as JSON lines; secrets are taken out before a line is written, whoever wrote it and however it was encoded. */
import { pino, type DestinationStream, type Logger } from 'pino';
import { redact, REDACTED } from '../domain/fault/redact.ts';
import type { Secret } from '../domain/secret.ts';

/** Shorter pieces occur by chance. */
const MIN_PIECE = 12;

export function createLogger(
  level: string,
  secrets: readonly Secret[] = [],
  destination: DestinationStream = process.stderr,
): Logger {
  const known = secrets.flatMap(formsOf);
  const sink: DestinationStream = { write: (line) => writeOrLose(destination, withoutSecrets(line, known)) };
  const formatters = { level: (name: string) => ({ level: name }) };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, sink);
}

/** A disk that is full, or a reader that went away, must not end the process: what cannot be written is lost, and nothing else. */
function writeOrLose(destination: DestinationStream, line: string): void {
  try {
    destination.write(line);
  } catch {
    // Nobody can be told: this is the log.
  }
}

const withoutSecrets = (line: string, known: readonly string[]): string =>
  known.reduce((text, form) => text.replaceAll(form, REDACTED), redact(line));

/** As it is, line by line (a PEM key), and as headers, addresses and JSON carry it. */
function formsOf(secret: Secret): string[] {
  const value = secret.reveal();
  const lines = value.split(/\r?\n|\\n/).filter((line) => !line.startsWith('-----'));
  const forms = [value, ...lines].flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    Buffer.from(text).toString('base64'),
    Buffer.from(text).toString('base64url'),
  ]);
  return [...new Set(forms)].filter((form) => form.length >= MIN_PIECE).toSorted((a, b) => b.length - a.length);
}
