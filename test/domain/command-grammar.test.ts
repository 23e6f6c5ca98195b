/** `/slsa …`: what is a command, and what only looks like one. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nearestCommand, parseCommands } from '../../src/domain/command/command-grammar.ts';

const FAILED = { kind: 'rerun', mode: 'failed' };
const ALL = { kind: 'rerun', mode: 'all' };

describe('T3: a comment', () => {
  it.each([
    ['/slsa rerun', [FAILED]],
    ['/slsa rerun failed', [FAILED]],
    ['/slsa   rerun  all  ', [ALL]],
    ['Thanks!\r\n/slsa rerun all\r\nand\n/slsa rerun', [ALL, FAILED]],
    ['/slsa rerun everything', [{ kind: 'unknown', text: 'rerun everything' }]],
    ['/slsa', [{ kind: 'unknown', text: '' }]],
    ['please /slsa rerun', []],
    [' /slsa rerun', []],
    ['> /slsa rerun', []],
    ['```\n/slsa rerun\n```', []],
    ['~~~~\n/slsa rerun\n~~~\n/slsa rerun\n~~~~', []],
    ['```\ncode\n```\n/slsa rerun', [FAILED]],
    ['/slsarerun', []],
    ['/SLSA rerun', []],
    ['/ѕlsa rerun', []],
    ['/slsa rerun\u200b', [{ kind: 'unknown', text: 'rerun' }]],
  ])('%j says %j', (comment, commands) => {
    expect(parseCommands(comment)).toEqual(commands);
  });

  it('has at most five commands, whatever is in it', () => {
    expect(parseCommands('/slsa rerun\n'.repeat(100))).toHaveLength(5);
    fc.assert(fc.property(fc.string(), (text) => parseCommands(text).length <= 5));
  });
});

it.each([
  ['rerum', 'rerun'],
  ['rerunn all', 'rerun'],
  ['deploy', null],
])('%j is nearest to %j', (text, nearest) => {
  expect(nearestCommand(text)).toBe(nearest);
});
