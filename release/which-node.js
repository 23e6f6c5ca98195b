/**
 * Runs after `npm ci` in a checkout, and says in one line which Node the scripts use where the machine's own is too old. npm
 * itself would print a warning for each dependency instead; `.npmrc` keeps it quiet.
 */
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const needed = engines.node.replace(/^>=/, '');
// What npm runs under; scripts already get the Node of the dev dependencies. Source: npm docs, "npm_config_user_agent".
const [, machine = ''] = /\bnode\/v([\d.]+)/.exec(process.env.npm_config_user_agent ?? '') ?? [];

if (machine !== '' && machine.localeCompare(needed, 'en', { numeric: true }) < 0) {
  process.stdout.write(
    `This machine has Node ${machine}. Node ${process.versions.node} came with the dependencies, and every \`npm run\` uses it.\n`,
  );
}
