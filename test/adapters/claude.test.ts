/** F32, F33, F34: the real SDK against a real server: every way to fail ends as one thing that can be acted on. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClaudeServer, errorOf } from '../../sandbox/claude/claude-server.ts';
import { competent, FAILING } from '../../sandbox/claude/models.ts';
import { claude, ClaudeFault, type Reply } from '../../src/adapters/claude/claude.ts';
import { questionAbout } from '../../src/domain/repair/model-question.ts';
import { readReply } from '../../src/domain/repair/model-reply.ts';
import { Secret } from '../../src/domain/secret.ts';

const server = new ClaudeServer(competent);
beforeAll(() => server.listen());
afterAll(() => server.close());

const FILE = {
  path: 'src/server.js',
  text: 'if (a == 1) b();\n',
  findings: [{ linter: 'eslint', rule: 'eqeqeq', file: 'src/server.js', line: 1, message: 'Expected ===' }],
  isFixed: false,
  refused: [],
};

const ask = (apiKey = server.apiKey): Promise<Reply> =>
  claude({ apiKey: new Secret(apiKey), baseUrl: server.url, model: 'claude-sonnet-5-5', fetch: globalThis.fetch }).ask({
    instructions: 'Repair',
    text: questionAbout([FILE]),
    maxTokens: 2000,
    schema: { type: 'object' },
  });

const outcomeOf = async (): Promise<string> => {
  try {
    const read = readReply(await ask());
    return read.kind === 'answer' ? `answer with ${read.answer.edits.length}` : `${read.kind}: ${read.why}`;
  } catch (error) {
    return error instanceof ClaudeFault ? `${error.kind}: ${error.message}` : 'a bug';
  }
};

/** What each is to the run: `malformed` is asked once more, `unavailable` again and again, the others are final. */
const OUTCOMES: Readonly<Record<string, string>> = {
  refuses: 'none: the model refused to answer',
  'is cut at its limit': "none: the model's answer was cut off at its limit",
  'asks for a tool': 'none: the model asked for a tool, of which it has none',
  'answers no JSON': "malformed: the model's answer is no JSON",
  'answers another form': "malformed: the model's answer does not have the form that was asked for",
  'answers nothing': 'answer with 0',
  'edits what is not there': 'answer with 1',
  'edits another file': 'answer with 1',
  'is overloaded': 'unavailable: the model answered 529',
  'is down': 'unavailable: the model answered 500',
  'has a spend limit (400)': "refused: the model's spend limit is reached",
  'has a spend limit (429)': "refused: the model's spend limit is reached",
  'takes no such question': 'refused: the question is too long for the model',
  'is cut in the middle': 'unavailable: the model could not be reached',
};

describe('a model that', () => {
  it('answers gives edits, and what they cost', async () => {
    server.model = competent;
    const reply = await ask();
    expect(reply).toMatchObject({ stopReason: 'end_turn', model: 'claude-sonnet-5-5' });
    expect(reply.inputTokens).toBeGreaterThan(20);
    expect(reply.outputTokens).toBeGreaterThan(10);
    expect(readReply(reply)).toMatchObject({ kind: 'answer', answer: { edits: [{ newText: 'if (a === 1) b();' }] } });
  });

  it('has every way to fail in the table below', () => {
    expect(Object.keys(OUTCOMES)).toEqual(Object.keys(FAILING));
  });

  it.each(Object.entries(OUTCOMES))('%s: %s', async (name, outcome) => {
    server.model = FAILING[name] ?? competent;
    expect(await outcomeOf()).toBe(outcome);
  });

  it('is limited says until when', async () => {
    const headers = { 'retry-after': '17' };
    server.model = () => ({ status: 429, headers, body: errorOf('rate_limit_error', 'slow down') });
    const fault = await ask().catch((error: unknown) => error as ClaudeFault);
    expect(fault).toMatchObject({ kind: 'rate_limited' });
    const wait = ((fault as ClaudeFault).untilEpochSeconds ?? 0) - Date.now() / 1000;
    expect(Math.round(wait)).toBeGreaterThanOrEqual(16);
    expect(Math.round(wait)).toBeLessThanOrEqual(18);
  });

  it('does not know the key is refused once, and the key is in no message', async () => {
    const fault = await ask('sk-ant-wrong').catch((error: unknown) => error as ClaudeFault);
    expect(fault).toMatchObject({ kind: 'refused', message: expect.stringContaining('ANTHROPIC_API_KEY') });
    expect(JSON.stringify(fault)).not.toContain('sk-ant-wrong');
  });

  it('answers what its API does not promise is not believed', async () => {
    server.model = () => ({ body: { content: 'hello' } });
    expect(await outcomeOf()).toBe("unavailable: the model's answer is not what its API promises");
  });
});
