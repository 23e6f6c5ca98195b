import { describe, expect, it } from '@jest/globals';
import { verifierPage, type VerifierParts } from '../../src/web/verifier-pages.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const VSA = {
  payloadType: 'application/vnd.in-toto+json',
  payload: 'e30=',
  signatures: [{ keyid: 'k', sig: 's' }],
} as const;

const parts = (more: Partial<VerifierParts> = {}): VerifierParts => ({
  verifier: { id: 'https://slsa.example.org/verifier/v1', version: '0.1.0' },
  signer: { publicKey: '-----BEGIN PUBLIC KEY-----\n', keyId: 'k' },
  findVsa: (digest) => Promise.resolve(digest === DIGEST ? VSA : null),
  ...more,
});

describe('the pages of the verifier', () => {
  it('name it, and the key by which its summaries verify', async () => {
    const page = await verifierPage('/verifier', parts());
    expect(JSON.parse(page?.body ?? '')).toMatchObject({
      id: 'https://slsa.example.org/verifier/v1',
      keys: [{ keyid: 'k', publicKey: expect.stringContaining('PUBLIC KEY') }],
    });
    expect(await verifierPage('/verifier/key.pem', parts())).toMatchObject({
      status: 200,
      contentType: 'application/x-pem-file',
    });
  });

  it('say that there is no key where the operator gave none', async () => {
    const page = await verifierPage('/verifier/key.pem', parts({ signer: null }));
    expect(page).toMatchObject({ status: 404, body: expect.stringContaining('VSA_PRIVATE_KEY is not set') });
    expect(JSON.parse((await verifierPage('/verifier', parts({ signer: null })))?.body ?? '')).toMatchObject({
      keys: [],
    });
  });

  it.each([DIGEST, encodeURIComponent(DIGEST)])('give the summary of %s', async (digest) => {
    const page = await verifierPage(`/vsa/${digest}`, parts());
    expect(page).toMatchObject({ status: 200, contentType: 'application/vnd.dsse.envelope.v1+json' });
    expect(JSON.parse(page?.body ?? '')).toEqual(VSA);
  });

  it('point to the check where nothing is retained', async () => {
    const page = await verifierPage(`/vsa/sha256:${'b'.repeat(64)}`, parts());
    expect(page).toMatchObject({ status: 404, body: expect.stringContaining('in the check "SLSA pipeline"') });
  });

  it.each(['nonsense', '%', `sha256:${'A'.repeat(64)}`, "sha256:' OR 1=1", `${DIGEST}x`])(
    'ask for a digest where %j stands, and never look it up',
    async (asked) => {
      const findVsa = (): Promise<never> => Promise.reject(new Error('looked up'));
      expect(await verifierPage(`/vsa/${asked}`, parts({ findVsa }))).toMatchObject({ status: 400 });
    },
  );

  it('leave every other path to others', async () => {
    expect(await verifierPage('/', parts())).toBeNull();
    expect(await verifierPage('/vsa', parts())).toBeNull();
    expect(await verifierPage('/verifier/', parts())).toBeNull();
  });
});
