/** `builder init`: the plan first, the workflow that names it by its commit after it, then what to set. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { builderInit } from '../../src/cli/builder-init.ts';

const NAME = 'acme-platform/slsa-builder';
const WORKFLOW = '.github/workflows/build-image.yml';
const COMMIT = 'c0ffee00'.repeat(5);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'builder-init-'));
  mkdirSync(join(folder, '.git'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('builder init', () => {
  it('writes the plan, and says what comes next', () => {
    expect(builderInit(folder, NAME, {})).toEqual([
      'written  plan/action.yml',
      'written  plan/plan.mjs',
      `The plan is as this version renders it. Commit and push it, then: slsa-pipeline builder init ${NAME} --plan <that commit>`,
    ]);
    expect(existsSync(join(folder, WORKFLOW))).toBe(false);
    expect(builderInit(folder, NAME, {})).toHaveLength(1);
  });

  it('writes the workflow that names the plan by its commit, and says what to set', () => {
    builderInit(folder, NAME, {});
    const lines = builderInit(folder, NAME, { plan: COMMIT });

    expect(lines[0]).toBe(`written  ${WORKFLOW}, with the plan of ${COMMIT}`);
    expect(lines.join('\n')).toContain(`BUILDER_WORKFLOW=${NAME}/${WORKFLOW}@<that commit>`);
    expect(readFileSync(join(folder, WORKFLOW), 'utf8')).toContain(`uses: ${NAME}/plan@${COMMIT}\n`);
  });

  it('names no commit for a plan that is not the one of this version', () => {
    expect(() => builderInit(folder, NAME, { plan: COMMIT })).toThrow(/^plan\/ is not as this version renders it/);
    builderInit(folder, NAME, {});
    writeFileSync(join(folder, 'plan/plan.mjs'), 'changed\n');
    expect(() => builderInit(folder, NAME, { plan: COMMIT })).toThrow(/^plan\/ is not as this version renders it/);
    expect(existsSync(join(folder, WORKFLOW))).toBe(false);
  });

  it('refuses names and commits that are none, a folder without git, and links', () => {
    expect(() => builderInit(folder, 'acme', {})).toThrow('"acme" is no repository: name it as owner/name.');
    expect(() => builderInit(folder, NAME, { plan: 'main' })).toThrow('--plan: "main" is no full commit SHA.');
    expect(() => builderInit(tmpdir(), NAME, {})).toThrow(/is no git checkout/);
    symlinkSync(tmpdir(), join(folder, 'plan'));
    expect(() => builderInit(folder, NAME, {})).toThrow(
      'plan is a link: this writes only where the checkout itself is.',
    );
  });
});
