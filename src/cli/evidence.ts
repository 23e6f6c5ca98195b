/** What an installation trusts, and as whom it vouches: the parts of `assessEvidence` and `verify`, from the environment. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { EvidenceParts } from '../../activities/assess-evidence.ts';
import { ociRegistry } from '../adapters/registry/oci-registry.ts';
import { loadTrustRoots } from '../adapters/sigstore/root-files.ts';
import { TrustRootError, type TrustRoot } from '../adapters/sigstore/trust-root.ts';
import { vsaSigner, VsaKeyError, type VsaSigner } from '../adapters/vsa/sign-vsa.ts';
import { serverNames } from '../domain/evidence/server-names.ts';
import { defaultPolicy, type TrustMap, type TrustPolicy } from '../domain/evidence/trust-map.ts';
import { cacheFolder } from './cache-folder.ts';
import type { Environment } from './environment.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

/** @throws UsageError */
export async function evidencePartsFor(environment: Environment): Promise<EvidenceParts> {
  const trust = await trustMapFor(environment);
  return {
    trust,
    roots: trustRootsFor(trust.policy),
    registry: ociRegistry({ fetch: globalThis.fetch, hosts: environment.REGISTRY_HOSTS }),
    ...serverNames(environment.GITHUB_API_URL, environment.GITHUB_SERVER_URL ?? null),
    verifier: { id: environment.VERIFIER_ID, version: VERSION },
    vsa: vsaSignerFor(environment),
  };
}

/** @throws UsageError with every mistake of the policy file */
export async function trustMapFor({ TRUST_POLICY: file, BUILDER_WORKFLOW: builder }: Environment): Promise<TrustMap> {
  if (file === undefined) {
    const policy = defaultPolicy(builder ?? null);
    return { policy, digest: sha256(JSON.stringify(policy)) };
  }
  const text = readText('TRUST_POLICY', file);
  const { readTrustPolicy } = await import('../domain/evidence/read-trust-policy.ts');
  const reading = readTrustPolicy(text);
  if (reading.kind === 'policy') return { policy: reading.policy, digest: sha256(text) };
  const mistakes = reading.mistakes.map(({ line, column, message }) => `  ${file}:${line}:${column} ${message}`);
  throw new UsageError(['The trust policy has mistakes:', ...mistakes].join('\n'));
}

/** @throws UsageError */
export function trustRootsFor({ roots }: Pick<TrustPolicy, 'roots'>): TrustRoot[] {
  try {
    return loadTrustRoots({ cacheDir: cacheFolder(process.env), own: roots }, new Date());
  } catch (error) {
    if (error instanceof TrustRootError) throw new UsageError(error.message);
    throw error;
  }
}

function vsaSignerFor({ VSA_PRIVATE_KEY: key, VSA_PRIVATE_KEY_PATH: path }: Environment): VsaSigner | null {
  const pem =
    key?.reveal().replaceAll('\\n', '\n') ?? (path === undefined ? null : readText('VSA_PRIVATE_KEY_PATH', path));
  if (pem === null) return null;
  try {
    return vsaSigner(pem);
  } catch (error) {
    if (error instanceof VsaKeyError) throw new UsageError(error.message);
    throw error;
  }
}

function readText(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`${variable}: ${file} cannot be read.`);
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
