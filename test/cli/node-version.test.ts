/** The first thing that a process does: is this Node new enough? */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { MIN_NODE, whyNodeIsTooOld } from '../../src/cli/node-version.ts';

describe('the oldest Node', () => {
  it('is the one that package.json names', () => {
    const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      engines: { node: string };
    };
    expect(`>=${MIN_NODE}`).toBe(engines.node);
  });

  it.each(['24.15.0', '24.15.1', '24.21.0', '25.0.0', '26.1.0'])('%s will do', (version) => {
    expect(whyNodeIsTooOld(version)).toBeNull();
  });

  it.each(['24.14.9', '24.9.0', '22.23.3', '20.20.2', '9.0.0'])('%s is told in one line', (version) => {
    expect(whyNodeIsTooOld(version)).toContain(`slsa-pipeline needs Node.js 24.15.0 or newer, and this is ${version}.`);
  });
});
