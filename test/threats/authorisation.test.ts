/**
 * T3, T4: nobody without the permission makes the App do anything. Every command, by everybody, in every disguise: from the
 * webhook's bytes to the calls that a command workflow would make.
 */
import { describe, expect, it } from '@jest/globals';
import {
  COMMANDS,
  mayDo,
  parseCommands,
  type Access,
  type CommandName,
} from '../../src/domain/command/command-grammar.ts';
import { WEBHOOK_TIMING } from '../../src/domain/run/timing.ts';
import { eventToIntent } from '../../src/intake/event-to-intent.ts';
import type { Intent } from '../../src/intake/intent.ts';

const WORDS: Readonly<Record<CommandName, string>> = {
  rerun: '/slsa rerun all',
  fix: '/slsa fix',
  cancel: '/slsa cancel',
  status: '/slsa status',
  explain: '/slsa explain level',
  accept: '/slsa accept CVE-2026-1234 until 2099-12-31 not reachable',
  approve: '/slsa approve 3f786850e387550f',
  help: '/slsa help',
};
const NAMES = Object.keys(WORDS) as CommandName[];
const person = { id: 7, login: 'kim', type: 'User' };

interface Posted {
  readonly action?: string;
  readonly body: string;
  readonly user?: object | null;
  readonly issue?: object;
  readonly via?: object | null;
}

const posted = ({
  action = 'created',
  body,
  user = person,
  issue = { number: 3, pull_request: {} },
  via = null,
}: Posted): Intent =>
  eventToIntent(
    {
      event: 'issue_comment',
      id: 'd-1',
      payload: {
        action,
        issue,
        comment: { id: 9, body, user, performed_via_github_app: via },
        repository: { id: 1, name: 'app', owner: { id: 2, login: 'acme' }, default_branch: 'main', private: false },
        installation: { id: 3 },
        sender: { id: 7, login: 'kim', type: 'User' },
      },
    },
    { appId: 1, timing: WEBHOOK_TIMING },
  );

/** Each makes of a command something that is none. */
const TRICKS: readonly (readonly [string, (body: string) => Posted])[] = [
  ['an edited comment', (body) => ({ body, action: 'edited' })],
  ['a deleted comment', (body) => ({ body, action: 'deleted' })],
  ['a quote', (body) => ({ body: `> ${body}` })],
  ['a nested quote', (body) => ({ body: `>> ${body}` })],
  ['a code fence', (body) => ({ body: `\`\`\`\n${body}\n\`\`\`` })],
  ['a tilde fence', (body) => ({ body: `~~~\n${body}\n~~~` })],
  ['a fence that never ends', (body) => ({ body: `\`\`\`\n${body}` })],
  ['indented code', (body) => ({ body: `    ${body}` })],
  ['a sentence', (body) => ({ body: `Please ${body}` })],
  ['an HTML comment', (body) => ({ body: `<!-- ${body} -->` })],
  ['a list item', (body) => ({ body: `- ${body}` })],
  ['a code span', (body) => ({ body: `\`${body}\`` })],
  ['homoglyphs', (body) => ({ body: body.replace('slsa', 'ѕlѕa') })],
  ['a full-width slash', (body) => ({ body: body.replace('/', '／') })],
  ['capitals', (body) => ({ body: body.replace('slsa', 'SLSA') })],
  ['an invisible character before it', (body) => ({ body: `\u200b${body}` })],
  ['a byte order mark before it', (body) => ({ body: `\ufeff${body}` })],
  ['a bot', (body) => ({ body, user: { id: 8, login: 'evil[bot]', type: 'Bot' } })],
  ["another App in a person's name", (body) => ({ body, via: { id: 99 } })],
  ['an account that is gone', (body) => ({ body, user: null })],
  ['an issue, where there is no commit', (body) => ({ body, issue: { number: 3 } })],
];

describe.each(NAMES)('T3: %s', (name) => {
  it('is read from a new comment of a person on a pull request', () => {
    const intent = posted({ body: WORDS[name] });
    expect(intent).toMatchObject({
      kind: 'command',
      request: { user: { id: 7, login: 'kim' }, subject: { commands: [{ kind: name }] } },
    });
  });

  it.each(TRICKS)('is not read from %s', (_, trick) => {
    expect(posted(trick(WORDS[name])).kind).toBe('ignored');
  });

  it('with other words is another command, or none that does anything', () => {
    const [command] = parseCommands(`/slsa ${name} now or else`);
    expect(command?.kind).toBe('unknown');
  });
});

describe('T4: what each command needs', () => {
  const NEEDS: Readonly<Record<CommandName, Access>> = {
    rerun: 'write',
    fix: 'write',
    cancel: 'write',
    status: 'read',
    explain: 'read',
    accept: 'maintain',
    approve: 'write',
    help: 'read',
  };

  it.each(NAMES)('%s needs what product.md says, and no less', (name) => {
    expect(COMMANDS[name].needs).toBe(NEEDS[name]);
  });

  it.each<[Access, CommandName[]]>([
    ['none', []],
    ['read', ['status', 'explain', 'help']],
    ['write', ['rerun', 'fix', 'cancel', 'status', 'explain', 'approve', 'help']],
    ['maintain', ['rerun', 'fix', 'cancel', 'status', 'explain', 'accept', 'approve', 'help']],
  ])('%s access may: %j', (access, may) => {
    expect(NAMES.filter((name) => mayDo(access, COMMANDS[name].needs))).toEqual(may);
  });
});
