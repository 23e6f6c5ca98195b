/**
 * What a step writes to the files that `GITHUB_OUTPUT`, `GITHUB_ENV` and `GITHUB_PATH` name.
 * Source: actions/runner `FileCommandManager.cs`, `EnvFileKeyValuePairs`, whose messages these are.
 */

/** @throws Error with the runner's words where a line is neither `name=value` nor `name<<delimiter` */
export function pairsIn(text: string): [string, string][] {
  const pairs: [string, string][] = [];
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    const [equals, heredoc] = [line.indexOf('='), line.indexOf('<<')];
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      pairs.push([line.slice(0, equals), line.slice(equals + 1)]);
    } else if (heredoc >= 0) {
      const [name, delimiter] = [line.slice(0, heredoc), line.slice(heredoc + 2)];
      if (name === '' || delimiter === '')
        throw new Error(`Invalid format '${line}'. Name must not be empty and delimiter must not be empty`);
      const end = lines.indexOf(delimiter, at + 1);
      if (end === -1) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`);
      pairs.push([name, lines.slice(at + 1, end).join('\n')]);
      at = end;
    } else throw new Error(`Invalid format '${line}'`);
  }
  return pairs;
}

export const pathsIn = (text: string): string[] => text.split(/\r?\n/).filter((line) => line !== '');
