/** Retry profiles: the one place where activities are called from, and none without an end. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const FOLDER = fileURLToPath(new URL('../../workflows/', import.meta.url));
const sources = new Map(
  readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [name, readFileSync(`${FOLDER}${name}`, 'utf8')]),
);
const calls = sources.get('activity-calls.ts') ?? '';
const profiles = [...calls.matchAll(/^ {2}(\w+): \{\n([\s\S]*?)\n {2}\},$/gm)].map(([, name = '', text = '']) => ({
  name,
  text,
}));

describe('every call of an activity', () => {
  it('F29: is made by a profile of one file', () => {
    for (const [name, text] of sources)
      expect({ name, calls: /proxyActivities|proxyLocalActivities/.test(text) }).toEqual({
        name,
        calls: name === 'activity-calls.ts',
      });
    const used = [...calls.matchAll(/proxyActivities<Activities>\(PROFILES\.(\w+)\)/g)].map(([, name]) => name);
    expect(used.toSorted()).toEqual(profiles.map(({ name }) => name).toSorted());
    expect(calls.match(/proxyActivities</g)).toHaveLength(used.length);
  });

  it.each(profiles)(
    'F29: by $name has an end, and a heartbeat that tells a killed worker within seconds',
    ({ text }) => {
      expect(text).toMatch(/scheduleToCloseTimeout: '\d+ (seconds|minutes?|hours)'/);
      expect(text).toContain('heartbeatTimeout: HEARTBEAT');
    },
  );

  it('F29: has these profiles and no others', () => {
    expect(profiles.map(({ name }) => name)).toEqual(['once', 'again', 'brief', 'aside', 'asked', 'persistent']);
  });
});
