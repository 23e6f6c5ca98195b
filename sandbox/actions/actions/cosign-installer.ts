/** sigstore/cosign-installer: only after it there is a cosign on the PATH. Source: sigstore/cosign-installer v4.1.2, `action.yml`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failed, type ActionCall, type ActionDouble, type ActionEnd } from './action.ts';

export const cosignInstaller: ActionDouble = {
  name: 'sigstore/cosign-installer',
  commit: '6f9f17788090df1f26f669e9d70d6ae9567deba6',
  version: 'v4.1.2',
  inputs: { 'cosign-release': 'v3.0.6', 'install-dir': '$HOME/.cosign', 'use-sudo': 'false' },
  run: (call) => Promise.resolve(install(call)),
};

/** Which version a machine has; the double of cosign behaves as that one does. */
export const COSIGN_VERSION_FILE = 'cosign-version';

function install({ input, machine, tools, log }: ActionCall): ActionEnd {
  const version = input('cosign-release');
  if (!/^v[2-9]\.\d+\.\d+$/.test(version)) {
    log(`ERROR: Requested version: ${version}`);
    return failed('Process completed with exit code 1.');
  }
  const folder = join(machine.folders.home, '.cosign');
  machine.makeFolder(folder);
  writeFileSync(join(folder, COSIGN_VERSION_FILE), version);
  machine.giveToRunner(folder);
  log(`INFO: Downloading platform-specific version '${version}' of cosign...`);
  return { outputs: {}, paths: [tools.folderOf('cosign')] };
}
