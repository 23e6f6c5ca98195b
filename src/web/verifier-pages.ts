/**
 * What the service publishes about its verdicts: who vouches, by which key, and the verification summary of an image while
 * its run is retained. Of public repositories only; nothing here tells whether a private one exists.
 */
import type { DsseEnvelope, VsaSigner } from '../adapters/vsa/sign-vsa.ts';
import { Digest } from '../domain/git.ts';
import type { Page } from './page-server.ts';

export interface VerifierParts {
  readonly verifier: { readonly id: string; readonly version: string };
  readonly signer: Pick<VsaSigner, 'publicKey' | 'keyId'> | null;
  /** The newest summary of an image of a public repository; null where none is retained. */
  readonly findVsa: (digest: Digest) => Promise<DsseEnvelope | null>;
}

/** Null for every other path. */
export async function verifierPage(path: string, parts: VerifierParts): Promise<Page | null> {
  if (path === '/verifier') return json(200, describe(parts));
  if (path === '/verifier/key.pem') return keyPage(parts);
  const vsa = /^\/vsa\/([^/]+)$/.exec(path);
  return vsa === null ? null : vsaPage(vsa[1] ?? '', parts);
}

const json = (status: number, value: unknown): Page => ({
  status,
  contentType: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

const text = (status: number, body: string): Page => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});

const describe = ({ verifier, signer }: VerifierParts): object => ({
  id: verifier.id,
  version: verifier.version,
  predicateType: 'https://slsa.dev/verification_summary/v1',
  keys: signer === null ? [] : [{ keyid: signer.keyId, publicKey: signer.publicKey }],
});

const keyPage = ({ signer }: VerifierParts): Page =>
  signer === null
    ? text(404, 'This installation signs no verification summaries: VSA_PRIVATE_KEY is not set.')
    : { status: 200, contentType: 'application/x-pem-file', body: signer.publicKey };

async function vsaPage(asked: string, { findVsa }: VerifierParts): Promise<Page> {
  const digest = Digest.safeParse(decode(asked));
  if (!digest.success) return text(400, 'A digest is written sha256: and 64 lower-case hex digits.');
  const found = await findVsa(digest.data);
  if (found !== null) return { ...json(200, found), contentType: 'application/vnd.dsse.envelope.v1+json' };
  return text(
    404,
    'No summary of this image is retained here. It stands, for good, in the check "SLSA pipeline" of its commit.',
  );
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '';
  }
}
