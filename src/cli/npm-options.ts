/** Options that npm kept for itself, since `--` was missing before them. */

/** A setting of npm's own: that it is set says nothing about this command. */
const NPM_OWN = ['json'];

/**
 * `npm run demo --keep` gives `--keep` to npm, which hands it on as `npm_config_keep` and not to the command.
 *
 * @param names the command's options, without dashes
 * @returns null where npm kept none of them, else a sentence that says how to write it
 * Source: npm docs, "Environment Variables", and `npm help run`: "positional arguments after --".
 */
export function optionTakenByNpm(names: readonly string[], env: NodeJS.ProcessEnv): string | null {
  const { npm_lifecycle_event: script } = env;
  if (script === undefined) return null;
  const taken = names.find((name) => !NPM_OWN.includes(name) && env[variableOf(name)] !== undefined);
  if (taken === undefined) return null;
  return `npm kept --${taken} for itself. Write it after \`--\`: npm run ${script} -- … --${taken} …`;
}

/** npm writes underscores for dashes. */
const variableOf = (name: string): string => `npm_config_${name.replaceAll('-', '_')}`;
