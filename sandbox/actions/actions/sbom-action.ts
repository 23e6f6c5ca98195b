/** anchore/sbom-action: runs syft, and keeps what it writes. Source: anchore/sbom-action v0.24.0, `src/github/SyftGithubAction.ts`. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { inventory } from '../inventory.ts';
import { imageFor } from '../registry-access.ts';
import { failed, isOn, type ActionCall, type ActionDouble, type ActionEnd } from './action.ts';

const PINNED = { commit: 'e22c389904149dbc22b58101806040fa8d37a610', version: 'v0.24.0' } as const;

export const sbomAction: ActionDouble = {
  ...PINNED,
  name: 'anchore/sbom-action',
  inputs: {
    path: '.',
    file: null,
    image: null,
    'registry-username': null,
    'registry-password': null,
    format: 'spdx-json',
    'github-token': '${{ github.token }}',
    'artifact-name': null,
    'output-file': null,
    'syft-version': null,
    'dependency-snapshot': 'false',
    'upload-artifact': 'true',
    'upload-artifact-retention': '0',
    'upload-release-assets': 'true',
    config: null,
  },
  run: (call) => sbom(call),
};

/** Only puts syft on the machine. */
export const downloadSyft: ActionDouble = {
  ...PINNED,
  name: 'anchore/sbom-action/download-syft',
  inputs: { run: 'download-syft', 'syft-version': null },
  run: ({ tools }) => Promise.resolve({ outputs: { cmd: `${tools.folderOf('syft')}/syft` } }),
};

async function sbom(call: ActionCall): Promise<ActionEnd> {
  const { input, machine, log } = call;
  const [image, format] = [input('image'), input('format')];
  if (format !== 'cyclonedx-json') return failed(`The sandbox's syft writes cyclonedx-json, not ${format}`);
  if (image === '') return failed("The sandbox's syft reads images only");
  log(`[command]/opt/hostedtoolcache/syft scan ${image} -o ${format}`);
  const [name = '', digest = ''] = image.split('@');
  try {
    const document = await inventory({ kind: 'registry', image: imageFor(call, name, 'pull'), name, digest });
    const file = input('output-file');
    if (file !== '') {
      const path = resolve(machine.folders.workspace, file);
      writeFileSync(path, JSON.stringify(document));
      machine.giveToRunner(path);
    }
  } catch (error) {
    log(
      `could not determine source: errors occurred attempting to resolve '${image}': ${error instanceof Error ? error.message : String(error)}`,
    );
    return failed('An error occurred running Syft');
  }
  if (isOn(input('upload-artifact'))) return failed("The sandbox's syft uploads no artifact of its own");
  return { outputs: {} };
}
