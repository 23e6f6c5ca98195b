/** Preloaded into a process under test: notes every process that it starts, in the file that WATCH_SPAWNS names. */
import { appendFileSync } from 'node:fs';
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

// All of Node's ways to start a process end in this one method, also those that a library calls.
const { spawn } = childProcess.ChildProcess.prototype;
childProcess.ChildProcess.prototype.spawn = function (options) {
  appendFileSync(process.env.WATCH_SPAWNS, `${JSON.stringify({ file: options.file, args: options.args })}\n`);
  return spawn.call(this, options);
};
for (const name of ['spawnSync', 'execSync', 'execFileSync']) {
  const original = childProcess[name];
  childProcess[name] = (file, ...rest) => {
    appendFileSync(process.env.WATCH_SPAWNS, `${JSON.stringify({ file, args: rest[0], sync: true })}\n`);
    return original(file, ...rest);
  };
}
syncBuiltinESMExports();
