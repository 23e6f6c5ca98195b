/**
 * Globs over ref names: `*` within a part, `**` over parts, `?` one character. A table instead of a regular expression, since
 * patterns come from repositories and are matched in a worker that others share: time is the product of the lengths, always.
 */

type Token = '*' | '**' | '?' | { readonly literal: string };

export function matchesRefPattern(name: string, pattern: string): boolean {
  const tokens = tokensOf(pattern);
  // reachable[i]: the tokens so far match the first i characters.
  let reachable = Array.from({ length: name.length + 1 }, (_, index) => index === 0);
  for (const token of tokens) reachable = advance(token, name, reachable);
  return reachable[name.length] === true;
}

export const matchesAny = (name: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => matchesRefPattern(name, pattern));

const tokensOf = (pattern: string): Token[] =>
  [...pattern.matchAll(/\*\*|[\s\S]/g)].map(([text]) =>
    text === '*' || text === '**' || text === '?' ? text : { literal: text },
  );

function advance(token: Token, name: string, before: readonly boolean[]): boolean[] {
  const after: boolean[] = [];
  for (let index = 0; index <= name.length; index += 1) {
    const last = index === 0 ? null : (name[index - 1] ?? null);
    const fits = last !== null && takes(token, last);
    // A star may take nothing, or one more than it has taken; another token takes exactly one.
    const isStar = token === '*' || token === '**';
    const from = isStar ? after[index - 1] : before[index - 1];
    after.push((isStar && before[index] === true) || (fits && from === true));
  }
  return after;
}

function takes(token: Token, character: string): boolean {
  if (token === '**') return true;
  if (token === '*' || token === '?') return character !== '/';
  return character === token.literal;
}
