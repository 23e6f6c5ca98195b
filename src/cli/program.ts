/** The command line: one row a command. A command's module is loaded when it is called, so that each loads what it uses. */
import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { DEMO_MODULE } from '../adapters/program-files.ts';
import type { DemoOptions } from './demo.ts';
import type { Environment } from './environment.ts';
import type { BuilderInitOptions } from './builder-init.ts';
import type { InitOptions } from './init.ts';
import { optionTakenByNpm } from './npm-options.ts';
import type { RunOptions } from './run.ts';
import { UsageError } from './usage-error.ts';
import type { VerifyOptions } from './verify.ts';
import { VERSION } from './version.ts';

/** 0 done, 1 failed verdict, 2 usage, 3 could not find out. */
const EXIT = { failed: 1, usage: 2, unknown: 3 } as const;

const program = new Command('slsa-pipeline')
  .description('Takes every commit through lint, build, SBOM, scan, signature, attestation and verification.')
  .version(VERSION)
  .showSuggestionAfterError()
  .exitOverride();

/** @throws Error where this is an installation: the demo's sandbox needs development dependencies */
async function demoModule(): Promise<typeof import('./demo.ts')> {
  try {
    // By its address, so that no build takes it in. The type is that of the module which stands there.
    return (await import(DEMO_MODULE)) as typeof import('./demo.ts');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    const where = 'in a checkout of the repository, run `npm ci && npm run demo`';
    throw new Error(`The demo is not part of this installation: ${where}.`, { cause: error });
  }
}

/** @throws UsageError that lists every mistake of the environment */
async function environment(): Promise<Environment> {
  const { readEnvironment } = await import('./environment.ts');
  return readEnvironment(process.env);
}

program
  .command('demo')
  .description('shows the whole product against a GitHub in a box: no account, no network')
  .option('--keep', 'leave it running afterwards, to push to', false)
  .option('--repo <path>', 'run a local git checkout instead of the fixtures')
  .option('--attack <name>', 'let somebody tamper with the evidence; `list` names them all')
  .option('--scenario <name>', 'let infrastructure fail, or lint errors be repaired; `list` names the ways')
  .option('--model <manner>', 'the model that repairs: scripted, or hostile, which obeys every text it is shown')
  .action(async (options: DemoOptions) => {
    const { demo } = await demoModule();
    process.exitCode = await demo(options, await environment());
    endSoon(process.exitCode);
  });

program
  .command('dev')
  .description('webhooks, worker and a Temporal server in one process')
  .action(async () => {
    const { dev } = await import('./dev.ts');
    await dev(await environment());
  });

program
  .command('serve')
  .description('receives webhooks and hands them to Temporal')
  .action(async () => {
    const { serve } = await import('./serve.ts');
    await serve(await environment());
  });

program
  .command('worker')
  .description('the Temporal worker: runs the pipelines')
  .action(async () => {
    const { work } = await import('./worker.ts');
    await work(await environment());
  });

program
  .command('run')
  .description('starts a run by hand and follows it; Ctrl-C leaves it alive')
  .option('--preset <name>', 'minimal, standard or skip_linting; default: as the settings say')
  .option('--repo-owner <owner>', 'owner of the repository')
  .option('--repo-name <name>', 'name of the repository')
  .option('--image-name <name>', "image name; default: the repository's, lower case")
  .option('--image-tag <tag>', 'image tag; default: {ref}-{sha7}')
  .option('--registry <host>', 'registry; default: ghcr.io')
  .option('--git-ref <ref>', 'branch or full ref', 'main')
  .option('--git-sha <sha>', 'the commit that the ref must be at')
  .option('--dockerfile-path <path>', 'default: Dockerfile')
  .option('--build-context <path>', 'default: .')
  .option('--severity <severity>', 'critical, high, medium or low: findings at or over it fail the run')
  .option('--max-findings <count>', 'how many such findings are tolerated', wholeNumber)
  .option('--update-commit-status', 'set the commit status')
  .option('--no-update-commit-status', 'set no commit status')
  .option('--auto-fix-lint', 'repair lint errors')
  .option('--no-auto-fix-lint', 'repair nothing')
  .option('--follow <run>', 'follow a run that has been started, by its id')
  .option('--json', 'one JSON document a line', false)
  .action(async (options: RunOptions) => {
    const { run } = await import('./run.ts');
    process.exitCode = await run(options, await environment());
  });

program
  .command('verify <subject>')
  .description('assesses an image (registry/name@sha256:…), a bundle file or a digest; exits 0 at or over --level')
  .requiredOption('--repo <owner/name>', 'the repository that it must be built from')
  .option('--level <n>', 'the Build level that is asked for: 1, 2 or 3', '3')
  .option('--builder <workflow@commit>', 'an isolated builder to trust at L3, beside those of the trust policy')
  .option('--signer-workflow <path>', "the repository's own build workflow", '.github/workflows/01-build-image.yml')
  .option('--source-ref <ref>', 'the full ref that it must be built at')
  .option('--source-digest <commit>', 'the commit that it must be built from')
  .option('--repo-id <id>', 'numeric id of the repository: a name can be given anew')
  .option('--owner-id <id>', "numeric id of the repository's owner")
  .option('--digest <sha256:…>', 'with a bundle file: the image that it must be about')
  .option('--trusted-root <[name=]file>', 'trust this root only, offline; may be repeated', collect)
  .option('--json', 'the assessment as one JSON document', false)
  .action(async (subject: string, options: VerifyOptions) => {
    const { verify } = await import('./verify.ts');
    process.exitCode = await verify(subject, options, await environment());
  });

const trust = program.command('trust').description('what is trusted here');
trust
  .command('check [file]')
  .description('validates the trust policy and shows what it means')
  .action(async (file?: string) => {
    const { checkTrust } = await import('./trust.ts');
    print(await checkTrust(await environment(), file));
  });
trust
  .command('refresh')
  .description('fetches newer trust roots by TUF')
  .action(async () => {
    const { refreshTrust } = await import('./trust.ts');
    const { lines, isWhole } = await refreshTrust();
    print(lines);
    if (!isWhole) process.exitCode = EXIT.unknown;
  });

program
  .command('init [path]')
  .description('writes the stage files and, where there are none, settings into a git checkout')
  .option('--builder <workflow@commit>', 'the isolated builder; default: BUILDER_WORKFLOW')
  .option('--check', 'write nothing, say what differs', false)
  .action(async (path: string | undefined, options: InitOptions) => {
    const { init } = await import('./init.ts');
    // npm runs its scripts where the package is, and says where the person stands.
    const here = process.env['INIT_CWD'] ?? '.';
    const { lines, differing } = init(resolve(here, path ?? '.'), options, await environment());
    print(lines);
    if (options.check && differing > 0) process.exitCode = EXIT.failed;
  });

program
  .command('builder')
  .description("the isolated builder's own repository")
  .command('init <repository> [path]')
  .description('writes the builder into a checkout of <repository>, owner/name')
  .option('--plan <commit>', 'of that repository, which holds the plan: then the workflow is written')
  .action(async (repository: string, path: string | undefined, options: BuilderInitOptions) => {
    const { builderInit } = await import('./builder-init.ts');
    print(builderInit(resolve(process.env['INIT_CWD'] ?? '.', path ?? '.'), repository, options));
  });

const config = program.command('config').description('the settings of a repository');
config
  .command('check [file]')
  .description('shows every mistake with line, column and the nearest valid word; exits with 1 where there is one')
  .option('--organisation', "the file is an organisation's defaults", false)
  .action(async (file: string | undefined, options: { organisation: boolean }) => {
    const { checkConfig } = await import('./config.ts');
    const { lines, mistakes } = checkConfig(file, options);
    print(lines);
    if (mistakes > 0) process.exitCode = EXIT.failed;
  });
config
  .command('schema')
  .description('prints the JSON Schema of the settings, for editors')
  .action(async () => {
    const { configSchema } = await import('./config.ts');
    print([configSchema()]);
  });

program
  .command('doctor')
  .description('is every credential, permission, webhook and server in order? exits with 1 where something is not')
  .option('--repo <owner/name>', 'look at a repository too: settings, stage files, branch rules')
  .option('--json', 'the findings as one JSON document', false)
  .action(async (options: { repo?: string; json: boolean }) => {
    const { doctor, describeFindings } = await import('./doctor.ts');
    const findings = await doctor(options, await environment());
    print(options.json ? [JSON.stringify(findings)] : describeFindings(findings));
    if (findings.some(({ state }) => state === 'fault')) process.exitCode = EXIT.failed;
  });

program
  .command('mcp')
  .description("the embedded MCP server, over stdio: GitHub's own tool names, with GITHUB_PERSONAL_ACCESS_TOKEN")
  .action(async () => {
    const { mcp } = await import('./mcp.ts');
    await mcp(process.env);
  });

program
  .command('list-presets')
  .description('lists the presets')
  .action(async () => {
    const { listPresets } = await import('./presets.ts');
    print(listPresets());
  });

program
  .command('inspect <type> <name>')
  .description('shows a preset in detail: inspect preset standard')
  .action(async (type: string, name: string) => {
    if (type !== 'preset') throw new UsageError(`inspect knows presets only: slsa-pipeline inspect preset ${name}`);
    const { inspectPreset } = await import('./presets.ts');
    print(inspectPreset(name));
  });

/** Sets the exit code of the process, which then ends by itself. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  try {
    program.hook('preAction', (_program, command) => refuseWhatNpmTook(command, env));
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error, env);
    endSoon(process.exitCode);
  }
}

function refuseWhatNpmTook(command: Command, env: NodeJS.ProcessEnv): void {
  const names = command.options.map(({ long }) => long?.replace(/^--(no-)?/, '') ?? '');
  const taken = optionTakenByNpm(names, env);
  if (taken !== null) throw new UsageError(taken);
}

function report(error: unknown, env: NodeJS.ProcessEnv): number {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.usage;
  }
  // Commander has written its own message; its code 0 is `--help` and `--version`.
  if (error instanceof CommanderError) {
    if (error.code === 'commander.excessArguments' && env['npm_lifecycle_event'] !== undefined)
      process.stderr.write('npm keeps options before `--` for itself: npm run demo -- --scenario fork\n');
    return error.exitCode === 0 ? 0 : EXIT.usage;
  }
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return EXIT.unknown;
}

/** A start that failed, or a demo that was interrupted, must not hang on a connection that was left open. */
const END_WITHIN_MS = 3000;

function endSoon(code: number): void {
  setTimeout(() => process.exit(code), END_WITHIN_MS).unref();
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('a whole number is needed');
  return Number(text);
}
