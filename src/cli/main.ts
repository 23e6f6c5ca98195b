#!/usr/bin/env node
/** The command line: one row a command. */
import { Command } from 'commander';
import { readEnvironment, UsageError } from './environment.ts';

/** 0 done, 1 failed verdict, 2 usage, 3 could not find out. */
const EXIT = { usage: 2, unknown: 3 } as const;

const program = new Command('slsa-pipeline')
  .description('Takes every commit through lint, build, SBOM, scan, signature, attestation and verification.')
  .showSuggestionAfterError()
  .exitOverride();

program
  .command('demo')
  .description('shows the whole product against a GitHub in a box: no account, no network')
  .option('--keep', 'leave it running afterwards, to push to', false)
  .option('--repo <path>', 'run a local git checkout instead of the fixtures')
  .action(async (options: { keep: boolean; repo?: string }) => {
    const { demo } = await import('./demo.ts');
    process.exitCode = await demo(options, readEnvironment(process.env));
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.usage;
  }
  // Commander has written its own message; its code 0 is `--help`.
  if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : EXIT.usage;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return EXIT.unknown;
}
