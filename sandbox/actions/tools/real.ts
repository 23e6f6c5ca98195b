/**
 * Runs the real gh and cosign for verification, which needs no network. The doubles sign and answer requests to github.com.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trustedRootJson } from '../../sigstore/trust.ts';
import type { Tool, ToolCall, ToolResult } from './tool.ts';

/** Paths of programs; a tool that is not named is the double. */
export interface RealTools {
  readonly gh?: string;
  readonly cosign?: string;
}

export const verifyingBy = (program: string, double: Tool): { readonly gh: Tool; readonly cosign: Tool } => ({
  gh: (call) => {
    const [group, command] = call.args;
    return group === 'attestation' && command === 'verify' ? ran(program, call, call.args) : double(call);
  },
  cosign: async (call) => {
    const [command = ''] = call.args;
    if (!['verify', 'verify-attestation'].includes(command)) return double(call);
    const folder = mkdtempSync(join(tmpdir(), 'slsa-cosign-'));
    try {
      // In place of what `cosign initialize` fetches from Sigstore's repository.
      const root = join(folder, 'trusted_root.json');
      writeFileSync(root, JSON.stringify(trustedRootJson(call.services.sigstore.publicGood)));
      return await ran(program, call, [...call.args, '--trusted-root', root]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
});

const ran = (program: string, { cwd, env }: ToolCall, args: readonly string[]): Promise<ToolResult> =>
  new Promise((resolve) => {
    execFile(program, args, { cwd, env: { ...env }, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 70;
      resolve({ exitCode, stdout, stderr });
    });
  });
