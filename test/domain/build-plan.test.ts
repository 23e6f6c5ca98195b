import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { planBuild, type BuildFacts } from '../../src/domain/build/build-plan.ts';

const FACTS: BuildFacts = {
  settings: null,
  flags: '{}',
  repository: 'acme/app',
  ref: 'refs/heads/main',
  sha: 'c'.repeat(40),
  defaultBranch: 'main',
  visibility: 'private',
};

const outputs = (more: Partial<BuildFacts>) => {
  const plan = planBuild({ ...FACTS, ...more });
  if (plan.kind === 'refused') throw new Error(JSON.stringify(plan.mistakes));
  return plan.outputs;
};

/** As docker/build-push-action reads its list of build arguments. Source: docker/actions-toolkit `src/util.ts`, `getList`. */
const readBack = (text: string): string[] =>
  parse(text, { columns: false, relaxQuotes: true, relaxColumnCount: true, skipEmptyLines: true })
    .map((record) => record.join(','))
    .map((item) => item.trim());

describe('build arguments', () => {
  it.each(['x,"y', '"x"', 'a,b,,c', ' leading', '""', "it's", '#no comment', '\\"', 'a=b=c', '', ',', '"'])(
    'A10: are read by docker/build-push-action as they were written: %j',
    (value) => {
      const settings = `image:\n  build_args: {A: ${JSON.stringify(value)}, Z: "last"}\n`;
      expect(readBack(outputs({ settings }).build_args)).toEqual([`A=${value}`, 'Z=last']);
    },
  );

  it('A10: that end in blanks are refused, since the action cuts them off', () => {
    const plan = planBuild({ ...FACTS, settings: 'image:\n  build_args:\n    A: "x "\n' });
    expect(plan).toEqual({
      kind: 'refused',
      mistakes: [{ line: 3, column: 8, message: '`A: x`: a build argument does not end in blanks.' }],
    });
  });

  it('of one half of a letter are whole texts all the same', () => {
    expect(outputs({ settings: 'image:\n  build_args: {A: "\\ud83dx"}\n' }).build_args).toBe('"A=\ufffdx"');
  });
});

describe('a plan', () => {
  it("names the image's registry by what is before the first slash", () => {
    const settings = 'image: {registry: "registry.example:5000", name: a/b/c}\n';
    expect(outputs({ settings })).toMatchObject({
      image: 'registry.example:5000/a/b/c',
      registry: 'registry.example:5000',
    });
  });

  it.each([
    ['public', 'refs/heads/main', '', 'public_log'],
    ['public', 'refs/heads/idea', '', 'none'],
    ['public', 'refs/tags/v1', 'signing: github\n', 'public_log'],
    ['private', 'refs/heads/main', '', 'none'],
    ['private', 'refs/heads/main', 'signing: github\n', 'github'],
    ['internal', 'refs/heads/main', 'signing: public_log\n', 'public_log'],
  ] as const)('of a %s repository at %s with %j signs by %s', (visibility, ref, settings, signing) => {
    expect(outputs({ visibility, ref, settings }).signing).toBe(signing);
  });
});
