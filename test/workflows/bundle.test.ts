/** What ships to Temporal's sandbox: the bundle is made as the worker makes it, and nothing of the world is in it. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as workflows from '../../workflows/index.ts';
import { workflowCode } from '../../src/adapters/temporal/workflow-bundle.ts';
import { WORKFLOWS } from '../../src/domain/run/messages.ts';

let code: string;
beforeAll(async () => {
  code = await workflowCode('plain');
});

describe('the workflow bundle', () => {
  it('has the workflows that the domain names, and no others', () => {
    expect(Object.keys(workflows).toSorted()).toEqual(Object.values(WORKFLOWS).toSorted());
  });

  it.each([
    'octokit',
    'probot',
    'pino',
    '@anthropic-ai',
    '@modelcontextprotocol',
    'yauzl',
    'node:fs',
    'src/adapters/',
    'activities/follow-stage',
  ])('holds nothing of %s: the bundler would let it in', (name) => {
    const modules = [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"/gm)].map((match) => match[1] ?? '');
    expect(modules.length).toBeGreaterThan(20);
    expect(modules.filter((module) => module.includes(name))).toEqual([]);
  });
});
