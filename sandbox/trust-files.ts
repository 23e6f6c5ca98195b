/** What a process of the product has to be told so that it trusts this sandbox: its roots, its builder, its registry. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { BuilderWorkflow } from '../src/domain/build/builder.ts';
import { SERVER } from './sigstore/claims.ts';
import type { Sigstore } from './sigstore/sigstore.ts';
import { trustedRootJson } from './sigstore/trust.ts';

export interface TrustedParts {
  readonly folder: string;
  readonly sigstore: Sigstore;
  readonly builder: BuilderWorkflow | null;
  readonly registryHost: string;
}

/** Environment variables, and the files that they name. */
export async function writeTrustFiles(parts: TrustedParts): Promise<Record<string, string>> {
  const { sigstore, builder, registryHost } = parts;
  const folder = join(parts.folder, 'trust');
  await mkdir(folder, { recursive: true });
  const roots = { public_good: join(folder, 'public-good.json'), github: join(folder, 'github.json') };
  await writeFile(roots.public_good, JSON.stringify(trustedRootJson(sigstore.publicGood)));
  await writeFile(roots.github, JSON.stringify(trustedRootJson(sigstore.github)));
  const [workflow = '', commit = ''] = builder?.split('@') ?? [];
  const builders = builder === null ? [] : [{ workflow, commits: [commit], level: 3 }];
  const policy = join(folder, 'policy.yml');
  await writeFile(policy, stringify({ version: 1, builders, roots }));
  return {
    TRUST_POLICY: policy,
    GITHUB_SERVER_URL: SERVER,
    REGISTRY_HOSTS: registryHost,
    ...(builder === null ? {} : { BUILDER_WORKFLOW: builder }),
  };
}
