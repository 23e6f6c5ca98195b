#!/usr/bin/env node
/** The entry of the command line. The program is loaded after the check: an old Node cannot even parse it. */
import { whyNodeIsTooOld } from './node-version.ts';

const tooOld = whyNodeIsTooOld(process.versions.node);
if (tooOld === null) {
  const { main } = await import('./program.ts');
  await main(process.argv, process.env);
} else {
  process.stderr.write(`${tooOld}\n`);
  process.exitCode = 3;
}
