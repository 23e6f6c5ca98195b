/** Options that npm kept for itself: a command must not run without them, silently. */
import { expect, it } from '@jest/globals';
import { optionTakenByNpm } from '../../src/cli/npm-options.ts';

it('an option that npm kept is named, with the way to write it', () => {
  const env = { npm_lifecycle_event: 'demo', npm_config_keep: 'true' };
  expect(optionTakenByNpm(['repo', 'keep'], env)).toBe(
    'npm kept --keep for itself. Write it after `--`: npm run demo -- … --keep …',
  );
});

it('an option with dashes is found under its name with underscores', () => {
  const env = { npm_lifecycle_event: 'cli', npm_config_repo_owner: 'acme' };
  expect(optionTakenByNpm(['repo-owner'], env)).toContain('--repo-owner');
});

it.each([
  ['that npm does not know of', { npm_lifecycle_event: 'demo', npm_config_registry: 'x' }],
  ['outside npm', { npm_config_keep: 'true' }],
  ["that is npm's own setting too", { npm_lifecycle_event: 'cli', npm_config_json: 'true' }],
])('nothing is said of an option %s', (_, env) => {
  expect(optionTakenByNpm(['keep', 'json'], env)).toBeNull();
});
