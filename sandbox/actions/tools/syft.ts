/** syft on an image in an archive. Source: anchore/syft v1.42.3, `cmd/syft/internal/commands/scan.go`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { inventory } from '../inventory.ts';
import { ended, flagsOf, type Tool } from './tool.ts';

export const syft: Tool = async ({ args, cwd, machine }) => {
  const [command = '', source = '', ...more] = args;
  const { output = '' } = flagsOf(more, []).flags;
  const [, format = '', file = ''] = /^([^=]+)=(.+)$/.exec(output) ?? [];
  if (command !== 'scan' || !source.startsWith('oci-archive:') || !/^cyclonedx-json(@1\.6)?$/.test(format))
    return ended(1, { stderr: `the sandbox's syft does not know: ${args.join(' ')}\n` });
  const path = resolve(cwd, source.replace('oci-archive:', ''));
  if (!existsSync(path))
    return ended(1, { stderr: `could not determine source: errors occurred attempting to resolve '${source}'\n` });
  const document = await inventory({ kind: 'archive', bytes: readFileSync(path), name: source });
  writeFileSync(resolve(cwd, file), JSON.stringify(document));
  machine.giveToRunner(resolve(cwd, file));
  return ended(0, {});
};
