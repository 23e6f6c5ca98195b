/**
 * `npm run build:plan`: the builder's plan program, one file that depends on nothing. It is committed, since an operator's
 * builder and repositories that build for themselves carry it; a test holds it equal to what this makes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { oneLanguage } from './one-language.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
export const PLAN_PROGRAM = join(ROOT, 'stages/builder/plan/plan.mjs');

/** What is in it, and whose: their licences ask for their words. */
const PACKAGES = ['zod', 'yaml', 'fastest-levenshtein'];

export async function bundlePlan(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/plan-action/main.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    // The oldest that a self-hosted runner may still have; GitHub's run the action by Node 24.
    target: 'node20',
    minify: true,
    // For Node the package is CommonJS, which asks for Node's modules while it runs; this is the same code.
    alias: { yaml: join(ROOT, 'node_modules/yaml/browser/index.js') },
    plugins: [oneLanguage],
    banner: { js: banner() },
    logLevel: 'warning',
  });
  return outputFiles[0]?.text ?? '';
}

function banner(): string {
  const licences = PACKAGES.map((name) => {
    const folder = join(ROOT, 'node_modules', name);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    const file = ['LICENSE', 'LICENSE.md'].map((each) => join(folder, each)).find((each) => readable(each));
    return `${name} ${version}\n\n${file === undefined ? '' : readFileSync(file, 'utf8').trim()}`;
  });
  const head = 'Made by `npm run build:plan` of slsa-pipeline from src/plan-action/main.ts. It contains:';
  return `/*\n${[head, ...licences].join('\n\n').replaceAll('*/', '* /')}\n*/`;
}

function readable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PLAN_PROGRAM, await bundlePlan());
