/** The demo's trust: the sandbox's own Sigstore instances and builder, and no other. These roots are never a default. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import type { EvidenceParts } from '../../activities/assess-evidence.ts';
import type { Sandbox } from '../../sandbox/box.ts';
import { ISSUER, SERVER } from '../../sandbox/sigstore/claims.ts';
import { trustedRootJson } from '../../sandbox/sigstore/trust.ts';
import { ociRegistry } from '../adapters/registry/oci-registry.ts';
import { loadTrustRoot, type TrustRoot } from '../adapters/sigstore/trust-root.ts';
import { vsaSigner } from '../adapters/vsa/sign-vsa.ts';
import type { BuilderWorkflow } from '../domain/build/builder.ts';
import { defaultPolicy } from '../domain/evidence/trust-map.ts';
import { Secret } from '../domain/secret.ts';
import { GITHUB, PUBLIC_GOOD } from '../domain/evidence/verified-bundle.ts';
import type { AppSecrets } from './processes/service-process.ts';
import { VERSION } from './version.ts';

const MAX_AGE_DAYS = 1;

export function sandboxEvidence(sandbox: Sandbox, builder: BuilderWorkflow | null): EvidenceParts {
  const now = new Date();
  const root = (name: string, json: unknown): TrustRoot =>
    loadTrustRoot({ name, json: JSON.stringify(json), asOf: now.toISOString() }, MAX_AGE_DAYS, now);
  const policy = defaultPolicy(builder);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    trust: { policy, digest: createHash('sha256').update(JSON.stringify(policy)).digest('hex') },
    roots: [
      root(PUBLIC_GOOD, trustedRootJson(sandbox.sigstore.publicGood)),
      root(GITHUB, trustedRootJson(sandbox.sigstore.github)),
    ],
    registry: ociRegistry({ fetch: globalThis.fetch, hosts: [sandbox.registry.host] }),
    server: SERVER,
    issuer: ISSUER,
    verifier: { id: 'urn:slsa-pipeline:sandbox', version: VERSION },
    vsa: vsaSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
  };
}

/** The sandbox's App, as an operator would hold it. */
export const appSecrets = ({ app }: Sandbox): AppSecrets => ({
  appId: app.appId,
  privateKey: new Secret(app.privateKey),
  webhookSecret: new Secret(app.webhookSecret),
});
