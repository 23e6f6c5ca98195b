/** The level is earned, and computed: what an attacker changes is refused by name, and nothing less than the truth is shown. */
import { createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ATTACKS } from '../../sandbox/attacks.ts';
import { status } from '../../sandbox/faults.ts';
import type { Attack } from '../../sandbox/actions/services.ts';
import { StageSet } from './stage-set.ts';

/** The sandbox asks it at each signature, so a test may take another one. */
const current: { attack: Attack } = { attack: {} };
const attack: Attack = {
  before: (signing) => current.attack.before?.(signing) ?? signing,
  after: (bundle, signing) => current.attack.after?.(bundle, signing) ?? bundle,
};

let isolated: StageSet;
let own: StageSet;

beforeAll(async () => {
  isolated = await StageSet.open({ scripts: {}, builds: 'isolated', attack });
  own = await StageSet.open({ scripts: {} });
});
afterAll(async () => {
  await isolated.close();
  await own.close();
});

const dispatched = (runs: readonly { readonly file: string }[]): string =>
  runs.map(({ file }) => file.slice(0, 2)).join(' ');

/** What each attack must be refused for; those that only lower the level say which one is left. */
const REFUSED: Readonly<Record<keyof typeof ATTACKS, RegExp>> = {
  'other-repository': /provenance: it is for another repository$/,
  'recycled-name': /provenance: it is for another repository of the same name$/,
  'recycled-owner': /provenance: it is for another owner of the same name$/,
  'older-commit': /provenance: it is for another commit$/,
  'other-ref': /provenance: it is for another ref$/,
  'other-run': /provenance: it is of another run$/,
  'builder-branch': /^Build L1: signed by a builder that is not trusted here, where L3 is expected$/,
  'unreviewed-builder': /^Build L1: signed by a builder that is not trusted here, where L3 is expected$/,
  'self-hosted': /^Build L1: .*, where L3 is expected$/,
  'pull-request': /provenance: another event started it$/,
  'other-image': /Build reports on e{64}, but was asked about sha256/,
  'two-images': /provenance: it is about another image$/,
  'extra-parameter': /provenance: it has parameters that nobody expects$/,
  'false-builder-id': /provenance: it names another builder than its certificate$/,
  'other-authority': /provenance: another authority vouches for it$/,
  'altered-after-signing': /provenance: its signature does not hold$/,
  'other-sbom': /SBOM attestation: it attests another SBOM than the one that was scanned$/,
  'foreign-signature': /signature: nobody that is trusted here signed it$/,
};

describe('T36, T33: an attack', () => {
  it.each(Object.entries(ATTACKS))('%s is refused by name', async (name, scenario) => {
    current.attack = scenario;
    const repository = await isolated.repository(`attack-${name}`);
    const { check } = await isolated.pushed(repository);
    current.attack = {};
    expect(check).toMatchObject({
      conclusion: 'failure',
      title: expect.stringMatching(REFUSED[name] ?? /never/),
    });
    expect(repository.statuses.at(-1)?.state).toBe('failure');
  });

  it('on the build stops the run before anything is made of the image', async () => {
    current.attack = ATTACKS['older-commit'] ?? {};
    const repository = await isolated.repository('stops');
    await isolated.pushed(repository);
    current.attack = {};
    expect(dispatched(repository.runs)).toBe('00 01');
  });
});

describe('evidence that others left for the same digest', () => {
  it('is set aside and told, and neither lowers the level nor fails the run', async () => {
    const repository = await isolated.repository('crowded');
    const first = await isolated.pushed(repository);
    const [stranger] = repository.attestations;
    const nonsense = { id: 1, digest: '', predicateType: 'x', bundle: { nonsense: true }, createdAt: '' };
    const push = repository.attestations.push.bind(repository.attestations);
    // Whoever may write attestations stores two more for whatever digest comes next.
    repository.attestations.push = (...items) => {
      const [item] = items;
      const digest = item?.digest ?? '';
      return push(...items, { ...nonsense, digest }, { ...nonsense, digest, bundle: stranger?.bundle });
    };
    const { check } = await isolated.pushed(repository);
    expect(first.check.conclusion).toBe('success');
    expect(check).toMatchObject({ conclusion: 'success', title: 'Build L3 verified · 0 findings at or over high' });
    expect(check.summary).toMatch(/Set aside: [1-9]/);
  });
});

describe('a store of attestations that does not answer', () => {
  it('F38, T34: is neither a pass nor a lower level once it answers again', async () => {
    const repository = await isolated.repository('patience');
    isolated.sandbox.faults.add({ method: 'GET', path: /\/attestations\//, nth: [1, 2], fault: status(502) });
    const { check } = await isolated.pushed(repository);
    expect(check).toMatchObject({ conclusion: 'success', title: 'Build L3 verified · 0 findings at or over high' });
  });
});

describe('the verification summary', () => {
  const subjectOf = (payload: string): unknown => JSON.parse(Buffer.from(payload, 'base64').toString('utf8'));

  it('is served for a public repository, and verifies by the key that the service publishes', async () => {
    const repository = await isolated.repository('summary');
    const { result } = await isolated.pushed(repository);
    const { build } = result.outcomes as { build: { result: { digest: string } } };
    const verifier = (await (await fetch(`${isolated.serviceUrl}/verifier`)).json()) as {
      id: string;
      keys: { publicKey: string }[];
    };
    let reply = await fetch(`${isolated.serviceUrl}/vsa/${build.result.digest}`);
    for (let tries = 0; tries < 50 && reply.status !== 200; tries += 1) {
      await new Promise((settle) => setTimeout(settle, 100));
      reply = await fetch(`${isolated.serviceUrl}/vsa/${build.result.digest}`);
    }
    const envelope = (await reply.json()) as { payloadType: string; payload: string; signatures: { sig: string }[] };
    const payload = Buffer.from(envelope.payload, 'base64');
    const signed = Buffer.concat([
      Buffer.from(`DSSEv1 ${envelope.payloadType.length} ${envelope.payloadType} ${payload.length} `),
      payload,
    ]);
    const key = createPublicKey(verifier.keys[0]?.publicKey ?? '');
    expect(verify('sha256', signed, key, Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64'))).toBe(true);
    expect(subjectOf(envelope.payload)).toMatchObject({
      predicateType: 'https://slsa.dev/verification_summary/v1',
      predicate: {
        verifier: { id: verifier.id },
        verificationResult: 'PASSED',
        verifiedLevels: ['SLSA_BUILD_LEVEL_3'],
        slsaVersion: '1.2',
      },
    });
  });

  it('of a private repository is not served to anybody', async () => {
    const repository = await isolated.repository('secret', 'signing: github\n', { visibility: 'private' });
    const { result } = await isolated.pushed(repository);
    const { build } = result.outcomes as { build: { result: { digest: string } } };
    const reply = await fetch(`${isolated.serviceUrl}/vsa/${build.result.digest}`);
    expect(reply.status).toBe(404);
    expect(await reply.text()).toContain('It stands, for good, in the check');
  });

  it('of a failed run says so', async () => {
    current.attack = ATTACKS['other-run'] ?? {};
    const repository = await isolated.repository('failed-summary');
    const { check } = await isolated.pushed(repository);
    current.attack = {};
    const envelope = JSON.parse(/\{"payloadType".*\}/.exec(check.summary)?.[0] ?? '{}') as { payload: string };
    expect(subjectOf(envelope.payload)).toMatchObject({
      predicate: { verificationResult: 'FAILED', verifiedLevels: ['FAILED'] },
    });
  });
});

describe('a repository that builds for itself', () => {
  it('reaches L2, and is told what L3 takes', async () => {
    const repository = await own.repository('itself');
    const { check } = await own.pushed(repository);
    expect(check).toMatchObject({
      conclusion: 'success',
      title: "Build L2: built by the repository's own workflow · 0 findings at or over high",
    });
    expect(check.summary).toContain('For L3: let an isolated builder build');
  });

  it('reaches L1 where nothing is signed, and says that anybody could have written it', async () => {
    const repository = await own.repository('unsigned', 'signing: none\n');
    const { check } = await own.pushed(repository);
    expect(check).toMatchObject({
      conclusion: 'success',
      title: expect.stringMatching(/^Build L1: provenance is unsigned/),
    });
    expect(check.summary).toContain('nobody signed it');
  });
});
