/** Which Node this program needs. Loaded by every Node, however old: no newer syntax or module stands here. */

/** A test holds it equal to `engines` in package.json. */
export const MIN_NODE = '24.15.0';

/** @returns null where this Node will do, else a sentence that says what to do */
export function whyNodeIsTooOld(version: string): string | null {
  const given = numbers(version);
  const needed = numbers(MIN_NODE);
  const index = needed.findIndex((part, at) => part !== (given[at] ?? 0));
  const isOld = index !== -1 && (given[index] ?? 0) < (needed[index] ?? 0);
  return isOld
    ? `slsa-pipeline needs Node.js ${MIN_NODE} or newer, and this is ${version}. In a checkout, \`npm ci\` brings it and \`npm run cli -- …\` uses it.`
    : null;
}

const numbers = (version: string): number[] => version.split('.').map((part) => parseInt(part, 10));
