/**
 * cosign, as far as the stages use it, in the version that cosign-installer put there.
 * Source: sigstore/cosign v3.0.6 and v3.1.2: `cmd/cosign/cli/sign/sign.go`, `attest/attest.go`, `verify/verify.go`,
 * `signcommon/common.go`, `cmd/cosign/errors/`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { imageFor } from '../registry-access.ts';
import { COSIGN_VERSION_FILE } from '../actions/cosign-installer.ts';
import { may } from '../runner/job-facts.ts';
import { signAs } from '../signing.ts';
import { verifyBundle } from '../../sigstore/trust.ts';
import { ended, flagsOf, type Tool, type ToolCall, type ToolResult } from './tool.ts';

const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';
const PREDICATES: Readonly<Record<string, string>> = {
  slsaprovenance1: 'https://slsa.dev/provenance/v1',
  cyclonedx: 'https://cyclonedx.org/bom',
};

export const cosign: Tool = async (call) => {
  const [command = '', ...args] = call.args;
  const { flags, rest } = flagsOf(args, ['yes']);
  const [name = '', digest = ''] = (rest[0] ?? '').split('@');
  const asked: Asked = { flags, name, digest };
  const carryOut = COMMANDS.get(command);
  if (carryOut === undefined) return error(`unknown command "${command}" for "cosign"`);
  try {
    return await carryOut(call, asked);
  } catch (caught) {
    return error(caught instanceof Error ? caught.message : String(caught));
  }
};

type Command = (call: ToolCall, asked: Asked) => ToolResult | Promise<ToolResult>;
const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['version', (call) => ended(0, { stdout: `GitVersion:    ${versionOf(call)}\n` })],
  ['initialize', () => ended(0, { stdout: 'Root status: \n' })],
  ['sign', (call, asked) => sign(call, asked)],
  ['attest', (call, asked) => attest(call, asked)],
  ['verify', (call, asked) => verify(call, asked, SIGNATURE)],
  ['verify-attestation', (call, asked) => verify(call, asked, predicateOf(asked.flags))],
]);

interface Asked {
  readonly flags: Readonly<Record<string, string>>;
  readonly name: string;
  readonly digest: string;
}

const error = (message: string): ToolResult =>
  ended(1, { stderr: `Error: ${message}\nerror during command execution: ${message}\n` });

/** The public log is no place to sign without an identity of the job's own. */
function requireIdentity({ facts }: ToolCall): void {
  if (!may(facts, 'id-token', 'write'))
    throw new Error('signing bundle: error getting ID token: no token provided and device flow needs a terminal');
}

async function sign(call: ToolCall, asked: Asked): Promise<ToolResult> {
  requireIdentity(call);
  // Without a name: cosign signs a digest.
  const subject = [{ digest: { sha256: asked.digest.replace('sha256:', '') } }];
  const statement = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType: SIGNATURE, predicate: {} };
  return keep(call, asked, statement);
}

async function attest(call: ToolCall, asked: Asked): Promise<ToolResult> {
  requireIdentity(call);
  const { flags, name, digest } = asked;
  const predicate: unknown = JSON.parse(readFileSync(resolve(call.cwd, flags['predicate'] ?? ''), 'utf8'));
  const subject = [{ name, digest: { sha256: digest.replace('sha256:', '') } }];
  const statement = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType: predicateOf(flags), predicate };
  return keep(call, asked, statement);
}

function predicateOf({ type = '' }: Asked['flags']): string {
  const known = PREDICATES[type] ?? (type.startsWith('https://') ? type : null);
  if (known === null) throw new Error(`invalid predicate type: ${type}`);
  return known;
}

/** Up to 3.0.6 a bundle that is written to a file is pushed nowhere (sigstore/cosign#4618). */
async function keep(call: ToolCall, { flags, name, digest }: Asked, statement: object): Promise<ToolResult> {
  const { bundle } = await signAs(call.facts, call.services, { statement, instance: 'publicGood' });
  const file = flags['bundle'];
  if (file !== undefined) {
    const path = resolve(call.cwd, file);
    writeFileSync(path, JSON.stringify(bundle), { mode: 0o600 });
    call.machine.giveToRunner(path);
  }
  const said = file === undefined ? '' : `Wrote bundle to file ${file}\n`;
  if (file !== undefined && isBefore31(versionOf(call))) return ended(0, { stderr: said });
  await imageFor(call, name, 'push').attach(digest, bundle);
  return ended(0, { stderr: `${said}Pushing signature to: ${name}\n` });
}

const versionOf = ({ machine }: ToolCall): string =>
  readFileSync(join(machine.folders.home, '.cosign', COSIGN_VERSION_FILE), 'utf8');

const isBefore31 = (version: string): boolean => /^v(2\.|3\.0\.)/.test(version);

const Bundle = z.object({ dsseEnvelope: z.object({ payload: z.string() }) });
const Statement = z.object({
  predicateType: z.string(),
  subject: z.array(z.object({ digest: z.object({ sha256: z.string() }) })),
});

/** Exits with 1 for every failure, as cosign does for the bundle format. */
async function verify(call: ToolCall, { flags, name, digest }: Asked, predicateType: string): Promise<ToolResult> {
  const identity = flags['certificate-identity'] ?? '';
  if (identity === '' || flags['certificate-oidc-issuer'] === undefined)
    return error(
      '--certificate-identity or --certificate-identity-regexp is required for verification in keyless mode',
    );
  const bundles = await imageFor(call, name, 'pull').bundles(digest);
  if (bundles.length === 0) return error('no signatures found');
  const verified = bundles.flatMap((bundle) => {
    const statement = statementOf(bundle);
    if (statement?.predicateType !== predicateType || !speaksOf(statement, digest)) return [];
    try {
      verifyBundle(bundle, call.services.sigstore.publicGood, identity);
      return [{ bundle, statement }];
    } catch {
      return [];
    }
  });
  if (verified.length === 0)
    return error(
      `no matching attestations: failed to verify certificate identity: no matching CertificateIdentity found, last error: expected SAN value "${identity}"`,
    );
  const stdout =
    predicateType === SIGNATURE
      ? `${JSON.stringify(verified.map(() => ({ critical: { identity: { 'docker-reference': name }, image: { 'docker-manifest-digest': digest }, type: SIGNATURE }, optional: {} })))}\n`
      : verified.map(({ bundle }) => `${JSON.stringify(Bundle.parse(bundle).dsseEnvelope)}\n`).join('');
  return ended(0, { stdout, stderr: `\nVerification for ${name}@${digest} --\n` });
}

function statementOf(bundle: unknown): z.infer<typeof Statement> | null {
  const read = Bundle.safeParse(bundle);
  if (!read.success) return null;
  const text = Buffer.from(read.data.dsseEnvelope.payload, 'base64').toString('utf8');
  return Statement.safeParse(JSON.parse(text)).data ?? null;
}

const speaksOf = ({ subject }: z.infer<typeof Statement>, digest: string): boolean =>
  subject.some((each) => `sha256:${each.digest.sha256}` === digest);
