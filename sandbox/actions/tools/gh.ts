/** gh, as far as the stages use it. Source: cli/cli `pkg/cmd/attestation/`. */
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { imageFor } from '../registry-access.ts';
import { jobJson } from '../../github/representations/actions.ts';
import { jobsOfAttempt } from '../../github/actions-records.ts';
import { may } from '../runner/job-facts.ts';
import { trustedRootJson, verifyBundle } from '../../sigstore/trust.ts';
import type { SigstoreInstance } from '../../sigstore/sigstore.ts';
import { ended, flagsOf, type Tool, type ToolCall, type ToolResult } from './tool.ts';

export const gh: Tool = async (call) => {
  const [group = '', command = '', ...args] = call.args;
  if (group === 'api') return api(call, [command, ...args]);
  if (group === '--version') return ended(0, { stdout: 'gh version 2.102.0 (the sandbox)\n' });
  const { flags, rest } = flagsOf(args, []);
  const carryOut = group === 'attestation' ? ATTESTATION_COMMANDS.get(command) : undefined;
  if (carryOut === undefined) return failed(`unknown command "${group} ${command}" for "gh"`);
  // Only with a bundle at hand it needs no token.
  if (!hasToken(call) && flags['bundle'] === undefined) return ended(4, { stderr: NO_TOKEN });
  try {
    return await carryOut(call, rest[0] ?? '', flags);
  } catch (error) {
    return failed(`\nError: ${error instanceof Error ? error.message : String(error)}`);
  }
};

type Command = (call: ToolCall, artifact: string, flags: Flags) => ToolResult | Promise<ToolResult>;
const ATTESTATION_COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['trusted-root', (call) => trustedRoot(call)],
  ['download', (call, artifact, flags) => download(call, artifact, flags)],
  ['verify', (call, artifact, flags) => verify(call, artifact, flags)],
]);

const hasToken = ({ env }: ToolCall): boolean => (env['GH_TOKEN'] ?? '') !== '';

/** The jobs of an attempt of this repository's runs: the one thing that is asked by it. */
function api(call: ToolCall, args: readonly string[]): ToolResult {
  const { repository, run } = call.facts;
  const [path = '', ...more] = args;
  if (!hasToken(call)) return ended(4, { stderr: NO_TOKEN });
  const asked = JOBS_OF_ATTEMPT.exec(path)?.groups;
  if (more.length > 0 || asked === undefined) return failed(`the sandbox's gh does not know: api ${args.join(' ')}`);
  if (repository.visibility !== 'public' && !may(call.facts, 'actions', 'read'))
    return failed('gh: Resource not accessible by integration (HTTP 403)');
  if (asked['repository'] !== `${repository.owner.login}/${repository.name}` || Number(asked['run']) !== run.id)
    return failed('gh: Not Found (HTTP 404)');
  const { world } = call.services;
  const jobs = jobsOfAttempt(run, Number(asked['attempt'])).map((job) => jobJson(job, run, { repository, world }));
  return ended(0, { stdout: JSON.stringify({ total_count: jobs.length, jobs }) });
}

const JOBS_OF_ATTEMPT =
  /^repos\/(?<repository>[^/]+\/[^/]+)\/actions\/runs\/(?<run>\d+)\/attempts\/(?<attempt>\d+)\/jobs(?:\?per_page=100)?$/;

const NO_TOKEN =
  'gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable. Example:\n  env:\n    GH_TOKEN: ${{ github.token }}\n';

type Flags = Readonly<Record<string, string>>;

const failed = (message: string): ToolResult => ended(1, { stderr: `${message}\n` });

/** Both authorities, one a line. */
const trustedRoot = ({ services: { sigstore } }: ToolCall): ToolResult =>
  ended(0, {
    stdout: [sigstore.publicGood, sigstore.github].map((each) => `${JSON.stringify(trustedRootJson(each))}\n`).join(''),
  });

/** The digest of what is named: of a file's bytes, or of an image, which is asked of its registry. */
async function digestOf(call: ToolCall, artifact: string): Promise<string> {
  if (!artifact.startsWith('oci://')) {
    const path = resolve(call.cwd, artifact);
    if (!existsSync(path))
      throw new Error(`failed to open local artifact: open ${artifact}: no such file or directory`);
    return `sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
  }
  const [name = '', reference = ''] = artifact.replace('oci://', '').split('@');
  const bytes = await imageFor(call, name, 'pull').raw(reference);
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function stored(call: ToolCall, digest: string, { repo = '' }: Flags): unknown[] {
  const { repository } = call.facts;
  if (repo !== `${repository.owner.login}/${repository.name}`)
    throw new Error('failed to fetch attestations: HTTP 404: Not Found');
  if (repository.visibility !== 'public' && !may(call.facts, 'attestations', 'read'))
    throw new Error('failed to fetch attestations: HTTP 403: Resource not accessible by integration');
  return repository.attestations.filter((each) => each.digest === digest).map(({ bundle }) => bundle);
}

async function download(call: ToolCall, artifact: string, flags: Flags): Promise<ToolResult> {
  const digest = await digestOf(call, artifact);
  const bundles = stored(call, digest, flags);
  if (bundles.length === 0) return ended(0, { stdout: `No attestations found for ${artifact}\n` });
  const file = join(call.cwd, `${digest}.jsonl`);
  writeFileSync(file, bundles.map((bundle) => `${JSON.stringify(bundle)}\n`).join(''));
  call.machine.giveToRunner(file);
  return ended(0, {
    stdout: `Wrote attestations to file ${digest}.jsonl.\nAny previous content has been overwritten\n\n`,
  });
}

const Bundle = z.object({ dsseEnvelope: z.object({ payload: z.string() }) });
const Statement = z.object({
  predicateType: z.string(),
  subject: z.array(z.object({ digest: z.object({ sha256: z.string() }) })),
});

async function verify(call: ToolCall, artifact: string, flags: Flags): Promise<ToolResult> {
  const digest = await digestOf(call, artifact);
  const bundles = flags['bundle'] === undefined ? stored(call, digest, flags) : fromFile(call, flags['bundle']);
  // Others than provenance only where they are asked for.
  const predicateType = flags['predicate-type'] ?? 'https://slsa.dev/provenance/v1';
  const wanted = bundles.filter((bundle) => statementOf(bundle)?.predicateType === predicateType);
  if (wanted.length === 0) throw new Error(`no attestations found with predicate type: ${predicateType}`);
  const verified = wanted.filter((bundle) => isVerified(call, bundle, digest, flags));
  if (verified.length === 0) throw new Error(whyNone(call, wanted, flags));
  const results = verified.map((bundle) => ({
    attestation: { bundle },
    verificationResult: { statement: statementOf(bundle) },
  }));
  return ended(0, {
    stdout: flags['format'] === 'json' ? `${JSON.stringify(results)}\n` : '✓ Verification succeeded!\n',
  });
}

function fromFile(call: ToolCall, file: string): unknown[] {
  const path = resolve(call.cwd, file);
  if (!existsSync(path))
    throw new Error(`could not load content from file path ${file}: open ${file}: no such file or directory`);
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as unknown);
}

function statementOf(bundle: unknown): z.infer<typeof Statement> | null {
  const read = Bundle.safeParse(bundle);
  if (!read.success) return null;
  return (
    Statement.safeParse(JSON.parse(Buffer.from(read.data.dsseEnvelope.payload, 'base64').toString('utf8'))).data ?? null
  );
}

/** Programs are told no more. Seen of gh 2.102.0 (test/tools/signatures.test.ts). */
function whyNone(call: ToolCall, bundles: readonly unknown[], { 'custom-trusted-root': roots }: Flags): string {
  const { sigstore } = call.services;
  const issuer = issuerOf(bundles[0]);
  const given = [sigstore.publicGood, sigstore.github].filter(
    (each) => roots === undefined || hasRoot(resolve(call.cwd, roots), each),
  );
  return given.some(({ authorities }) => organisationOf(new X509Certificate(authorities.ca.rootCertificate)) === issuer)
    ? `verifying with issuer "${issuer}"`
    : `failed to choose verifier based on provided bundle issuer: no custom verifier found for issuer "${issuer}"`;
}

const Certified = z.object({
  verificationMaterial: z.object({ certificate: z.object({ rawBytes: z.string() }) }),
});

function issuerOf(bundle: unknown): string {
  const read = Certified.safeParse(bundle);
  if (!read.success) return '';
  return organisationOf(
    new X509Certificate(Buffer.from(read.data.verificationMaterial.certificate.rawBytes, 'base64')),
  );
}

const organisationOf = ({ issuer }: X509Certificate): string => /^O="?(.+?)"?$/m.exec(issuer)?.[1] ?? '';

/** With the roots that were given, of which one has to hold; without any, with both authorities. */
function isVerified(call: ToolCall, bundle: unknown, digest: string, flags: Flags): boolean {
  const { sigstore } = call.services;
  const roots = flags['custom-trusted-root'];
  const known = [sigstore.publicGood, sigstore.github];
  const given = roots === undefined ? known : known.filter((each) => hasRoot(resolve(call.cwd, roots), each));
  const isAbout = statementOf(bundle)?.subject.some((each) => `sha256:${each.digest.sha256}` === digest) === true;
  return isAbout && given.some((instance) => holds(bundle, instance, flags['cert-identity'] ?? ''));
}

const hasRoot = (file: string, { authorities }: SigstoreInstance): boolean =>
  readFileSync(file, 'utf8').includes(authorities.ca.rootCertificate.toString('base64'));

function holds(bundle: unknown, instance: SigstoreInstance, identity: string): boolean {
  try {
    verifyBundle(bundle, instance, identity);
    return true;
  } catch {
    return false;
  }
}
