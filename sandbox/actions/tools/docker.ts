/** docker, as far as the stages use it. Source: docker/buildx `commands/version.go`, `commands/imagetools/inspect.go`; `docker run`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { lintFolder } from '../megalinter/lint.ts';
import { consoleOf, reportFiles } from '../megalinter/reports.ts';
import { settingsOf } from '../megalinter/settings.ts';
import { imageFor } from '../registry-access.ts';
import { ended, type Tool, type ToolCall, type ToolResult } from './tool.ts';

export const docker: Tool = async (call) => {
  const [command = '', ...rest] = call.args;
  if (command === 'run') return run(call, rest);
  const said = rest.join(' ');
  if (command === 'buildx' && said === 'version')
    return ended(0, { stdout: 'github.com/docker/buildx v0.30.1 9e66234aa13328a5e75b75aa5574e1ca6d6d9c01\n' });
  if (command === 'buildx' && said.startsWith('imagetools inspect --raw ')) return raw(call, rest.at(-1) ?? '');
  return ended(125, { stderr: `docker: the sandbox does not know \`docker ${call.args.join(' ')}\`\n` });
};

/** The manifest's very bytes, and no line end after them. */
async function raw(call: ToolCall, reference: string): Promise<ToolResult> {
  const [name = '', digest = ''] = reference.split('@');
  try {
    return ended(0, { stdout: (await imageFor(call, name, 'pull').raw(digest)).toString('utf8') });
  } catch (error) {
    return ended(1, { stderr: `ERROR: ${error instanceof Error ? error.message : String(error)}\n` });
  }
}

const MEGALINTER = /^(ghcr\.io\/)?oxsecurity\/megalinter:v9\.3\.0(@sha256:[0-9a-f]{64})?$/;

/** Only MegaLinter's image is here: it sees the folders that it is given, as its root. */
async function run(call: ToolCall, args: readonly string[]): Promise<ToolResult> {
  const image = args.at(-1) ?? '';
  if (!MEGALINTER.test(image)) return ended(125, { stderr: `Unable to find image '${image}' locally\n` });
  const after = (flag: string): string[] => args.flatMap((arg, at) => (arg === flag ? [args[at + 1] ?? ''] : []));
  const env = Object.fromEntries(
    after('--env').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  const volumes = after('--volume').map((pair) => pair.split(':'));
  const outside = (path: string): string | null => {
    const volume = volumes.find(([, inside = '']) => path === inside || path.startsWith(`${inside}/`));
    return volume === undefined ? null : join(volume[0] ?? '', relative(volume[1] ?? '', path));
  };
  const folder = outside(env['DEFAULT_WORKSPACE'] ?? '/tmp/lint');
  if (folder === null) return ended(1, { stderr: 'No folder to lint\n' });
  const settings = settingsOf(folder, env);
  const lint = await lintFolder(folder, settings);
  const reports = outside(settings['REPORT_OUTPUT_FOLDER'] ?? '');
  for (const [name, text] of reports === null ? [] : reportFiles(lint, settings)) {
    const path = join(reports ?? '', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    call.machine.giveToRoot(path);
  }
  return ended(lint.returnCode, { stdout: `${consoleOf(lint).join('\n')}\n` });
}
