/** What the sandbox signs, as the verifiers that the world has judge it: the stand-in is no easier than Sigstore. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ISSUER, type JobClaims } from '../../sandbox/sigstore/claims.ts';
import { provenanceOf, statementAbout } from '../../sandbox/sigstore/provenance.ts';
import { Sigstore } from '../../sandbox/sigstore/sigstore.ts';
import { trustedRootJson } from '../../sandbox/sigstore/trust.ts';
import { describeWith, realTool, run, type Said } from './real-tools.ts';

const CLAIMS: JobClaims = {
  iss: ISSUER,
  event_name: 'workflow_dispatch',
  sha: 'a'.repeat(40),
  ref: 'refs/heads/main',
  repository: 'acme/shop',
  repository_id: '1',
  repository_owner: 'acme',
  repository_owner_id: '2',
  repository_visibility: 'public',
  workflow: 'Build',
  workflow_ref: 'acme/shop/.github/workflows/01-build-image.yml@refs/heads/main',
  workflow_sha: 'a'.repeat(40),
  job_workflow_ref: 'acme/builder/.github/workflows/build-image.yml@refs/heads/main',
  job_workflow_sha: 'b'.repeat(40),
  runner_environment: 'github-hosted',
  run_id: '9',
  run_attempt: '1',
};
const SIGNER = 'https://github.com/acme/builder/.github/workflows/build-image.yml@refs/heads/main';
const TEXT = 'what was built\n';
const AUTHORITIES = ['publicGood', 'github'] as const;
type Authority = (typeof AUTHORITIES)[number];

let folder: string;
let sigstore: Sigstore;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slsa-signatures-'));
  writeFileSync(join(folder, 'artifact'), TEXT);
  writeFileSync(join(folder, 'changed'), TEXT.replace('w', 'W'));
  const digest = `sha256:${createHash('sha256').update(TEXT).digest('hex')}`;
  sigstore = await Sigstore.start();
  for (const name of AUTHORITIES) {
    const bundle = await sigstore[name].sign(
      statementAbout({ name: 'artifact', digest }, provenanceOf(CLAIMS)),
      CLAIMS,
    );
    const text = JSON.stringify(bundle);
    writeFileSync(join(folder, `${name}.jsonl`), `${text}\n`);
    writeFileSync(join(folder, `${name}-changed.jsonl`), `${changedByte(text)}\n`);
    writeFileSync(join(folder, `${name}-root.jsonl`), `${JSON.stringify(trustedRootJson(sigstore[name]))}\n`);
  }
});
afterAll(async () => {
  await sigstore.stop();
  rmSync(folder, { recursive: true });
});

/** One byte of the statement that was signed. */
function changedByte(bundle: string): string {
  return bundle.replace(/"payload":"([^"]+)"/, (_, payload: string) => {
    const bytes = Buffer.from(payload, 'base64');
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
    return `"payload":"${bytes.toString('base64')}"`;
  });
}

interface Asked {
  readonly bundle: string;
  readonly root: Authority;
  readonly artifact?: string;
  readonly identity?: string;
}
type Verify = (authority: Authority, asked: Asked) => Said;

type Kind = 'statement' | 'artifact' | 'identity' | 'root';
type Words = Readonly<Record<Kind, RegExp>>;

const REFUSALS: readonly (readonly [string, Kind, (authority: Authority) => Asked])[] = [
  ['one changed byte of the statement', 'statement', (root) => ({ bundle: `${root}-changed`, root })],
  ['one changed byte of the artifact', 'artifact', (root) => ({ bundle: root, root, artifact: 'changed' })],
  [
    'another identity',
    'identity',
    (root) => ({ bundle: root, root, identity: SIGNER.replace('builder', 'elsewhere') }),
  ],
  ["another authority's root", 'root', (name) => ({ bundle: name, root: name === 'github' ? 'publicGood' : 'github' })],
];

function judges(verify: Verify, accepted: RegExp, words: Words): void {
  describe.each(AUTHORITIES)("of the authority '%s'", (authority) => {
    it('accepts what it signed', () => {
      const said = verify(authority, { bundle: authority, root: authority });
      expect(said.words).toMatch(accepted);
      expect(said.exitCode).toBe(0);
    });

    it.each(REFUSALS)('refuses %s', (_what, kind, asked) => {
      const said = verify(authority, asked(authority));
      expect(said.words).not.toMatch(accepted);
      expect(said.words).toMatch(words[kind]);
      expect(said.exitCode).toBe(1);
    });
  });
}

/** gh tells programs no more than who signed. */
const UNTOLD = /^\s*Error: verifying with issuer "(sigstore\.dev|GitHub, Inc\.)"\s*$/;

describeWith(realTool('gh'), (gh) => {
  judges(
    (_authority, { bundle, root, artifact = 'artifact', identity = SIGNER }) => {
      const files = ['--bundle', `${bundle}.jsonl`, '--custom-trusted-root', `${root}-root.jsonl`];
      const args = ['attestation', 'verify', artifact, ...files, '--repo', 'acme/shop', '--cert-identity', identity];
      return run(gh, [...args, '--format', 'json'], folder);
    },
    /"verificationResult":/,
    {
      statement: UNTOLD,
      artifact: UNTOLD,
      identity: UNTOLD,
      root: /Error: failed to choose verifier based on provided bundle issuer: no custom verifier found for issuer/,
    },
  );
});

describeWith(realTool('cosign'), (cosign) => {
  judges(
    (authority, { bundle, root, artifact = 'artifact', identity = SIGNER }) => {
      const files = ['--bundle', `${bundle}.jsonl`, '--trusted-root', `${root}-root.jsonl`];
      const who = ['--certificate-identity', identity, '--certificate-oidc-issuer', ISSUER];
      // GitHub's authority keeps no log, neither of certificates nor of signatures: its time is a time-stamp's.
      const unlogged = ['--insecure-ignore-sct', '--insecure-ignore-tlog', '--use-signed-timestamps'];
      const time = authority === 'github' ? unlogged : [];
      const args = ['verify-blob-attestation', ...files, ...who, ...time, '--type', 'slsaprovenance1', artifact];
      return run(cosign, args, folder);
    },
    /Verified OK/,
    {
      statement: /payload hash \S+ does not match envelope payload hash|accepted signatures do not match threshold/,
      artifact: /provided artifact digests do not match digests in statement/,
      identity: /no matching CertificateIdentity found, last error: expected SAN value "\S+", got "\S+"/,
      root: /not enough verified log entries|threshold not met for verified signed timestamps/,
    },
  );
});
