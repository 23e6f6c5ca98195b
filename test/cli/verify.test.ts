/** `verify`: the same answer as the App's, for whoever holds a bundle, a digest or an image; and only ever what is true. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Sandbox } from '../../sandbox/box.ts';
import { status } from '../../sandbox/faults.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { OciImage } from '../../sandbox/registry/oci-client.ts';
import type { JobClaims } from '../../sandbox/sigstore/claims.ts';
import { provenanceOf, statementAbout } from '../../sandbox/sigstore/provenance.ts';
import type { BuilderWorkflow } from '../../src/domain/build/builder.ts';
import type { Assessment } from '../../src/domain/evidence/assessment.ts';
import { readEnvironment } from '../../src/cli/environment.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import { verify, type VerifyOptions } from '../../src/cli/verify.ts';
import { COMMIT, OTHER_COMMIT, OTHER_HEX, OWN_CLAIMS, REF } from '../evidence-fixtures.ts';
import { describeWithSharedData, sharedDataPath } from '../shared-data.ts';

const PATH = '.github/workflows/01-build-image.yml';
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let sandbox: Sandbox;
let builder: BuilderWorkflow;
let repository: RepositoryRecord;
let trust: Record<string, string>;
let folder: string;
/** Of the image in the sandbox's registry. */
let name: string;
let digest: string;

beforeAll(async () => {
  sandbox = await Sandbox.start({ kind: true });
  builder = await sandbox.createBuilder();
  repository = await sandbox.createRepository('app');
  trust = { ...(await sandbox.trustEnvironment()), GITHUB_API_URL: sandbox.url };
  name = `${sandbox.registry.host}/acme/app`;
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', bytes: Buffer.from('{}') };
  digest = await new OciImage(name, sandbox.registry.credentials).push(config, [], 'v1');
});
afterAll(() => sandbox.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verify-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  repository.attestations.splice(0);
  sandbox.faults.clear();
});

/** A job of the repository's own stage file, in the sandbox's world. */
const ownClaims = (more: Partial<JobClaims> = {}): JobClaims => ({
  ...OWN_CLAIMS,
  repository_id: String(repository.id),
  repository_owner_id: String(repository.owner.id),
  ...more,
});
const builderClaims = (more: Partial<JobClaims> = {}): JobClaims =>
  ownClaims({ job_workflow_ref: builder, job_workflow_sha: builder.split('@')[1] ?? '', ...more });
const strangerClaims = (): JobClaims =>
  ownClaims({ job_workflow_ref: 'evil/b/.github/workflows/b.yml@refs/heads/main', job_workflow_sha: OTHER_COMMIT });

const sign = (claims: JobClaims, statement: object = {}): Promise<unknown> =>
  sandbox.sigstore.publicGood.sign({ ...statementAbout({ name, digest }, provenanceOf(claims)), ...statement }, claims);

function file(...bundles: readonly unknown[]): string {
  const path = join(folder, 'bundle.json');
  writeFileSync(
    path,
    bundles.map((bundle) => (typeof bundle === 'string' ? bundle : JSON.stringify(bundle))).join('\n'),
  );
  return path;
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const DEFAULTS: VerifyOptions = { repo: 'acme/app', level: '3', signerWorkflow: PATH, json: false };

/** The command as a function, and all that it writes. */
async function run(
  subject: string,
  options: Partial<VerifyOptions> = {},
  env: Record<string, string> = trust,
): Promise<Ended> {
  const written = { out: '', err: '' };
  const capture = (to: 'out' | 'err') => (chunk: unknown) => {
    written[to] += String(chunk);
    return true;
  };
  const out = jest.spyOn(process.stdout, 'write').mockImplementation(capture('out'));
  const err = jest.spyOn(process.stderr, 'write').mockImplementation(capture('err'));
  try {
    const code = await verify(subject, { ...DEFAULTS, ...options }, readEnvironment(env));
    return { code, ...written };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}
const line = ({ out }: Ended, index = 1): string => out.split('\n')[index] ?? '';

/** The command as people start it. */
function start(args: readonly string[], env: Record<string, string> = trust): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, 'verify', ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? -1, out, err })));
}

describe('a bundle in a file', () => {
  it("of an isolated builder is Build L3, with every check, and without the network's help", async () => {
    const ended = await run(file(await sign(builderClaims())), {}, { ...trust, GITHUB_API_URL: 'http://127.0.0.1:1' });
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(line(ended, 0)).toBe(`${join(folder, 'bundle.json')}@${digest}, for acme/app`);
    expect(line(ended)).toBe('Build L3 verified (asked for: L3)');
    expect(ended.out).toMatch(/✔ The build is isolated \(L3\) +met/);
    expect(ended.out).toContain('✔ It was built for this repository');
    expect(ended.out).not.toContain('✘');
    expect(ended.out).toContain(`No --digest was given: the bundle's own subject, ${digest}, was taken for the image.`);
  });

  it("of the repository's own workflow is Build L2, and says what L3 takes", async () => {
    const ended = await run(file(await sign(ownClaims())), { level: '2' });
    expect(ended.code).toBe(0);
    expect(line(ended)).toBe("Build L2: built by the repository's own workflow (asked for: L2)");
    expect(ended.out).toContain('For L3: let an isolated builder build');
  });

  it('of a signer that nobody here trusts is Build L1, and names whom it would have believed', async () => {
    const ended = await run(file(await sign(strangerClaims())), { level: '2' });
    expect(ended.code).toBe(1);
    expect(line(ended)).toBe('Build L1: signed by a builder that is not trusted here (asked for: L2)');
    expect(ended.out).toContain(
      `expected  https://github.com/${builder} or https://github.com/acme/app/${PATH}@${REF}`,
    );
    expect(ended.out).toContain('found     https://github.com/evil/b/.github/workflows/b.yml@refs/heads/main');
  });

  it.each([
    ['builder', '1', 0],
    ['builder', '2', 0],
    ['builder', '3', 0],
    ['own', '1', 0],
    ['own', '2', 0],
    ['own', '3', 1],
    ['stranger', '1', 0],
    ['stranger', '2', 1],
  ] as const)('of %s, asked for L%s, ends with %d', async (who, level, code) => {
    const claims = { builder: builderClaims, own: ownClaims, stranger: strangerClaims }[who]();
    expect((await run(file(await sign(claims)), { level })).code).toBe(code);
  });

  it('is held to everything that is asked for, and to nothing that is not', async () => {
    const path = file(await sign(builderClaims()));
    const asked = {
      digest,
      sourceDigest: COMMIT,
      sourceRef: REF,
      repoId: String(repository.id),
      ownerId: String(repository.owner.id),
    };
    const ended = await run(path, asked);
    expect(ended.code).toBe(0);
    expect(ended.out).not.toMatch(/(id|commit|ref) \(not asked\)/);
    expect(ended.out).not.toContain('No --digest was given');
    for (const [more, about] of [
      [{ digest: `sha256:${OTHER_HEX}` }, 'it is about another image'],
      [{ sourceDigest: OTHER_COMMIT }, 'it is for another commit'],
      [{ sourceRef: 'refs/heads/other' }, 'it is for another ref'],
      [{ repoId: '1' }, 'it is for another repository of the same name'],
      [{ ownerId: '1' }, 'it is for another owner of the same name'],
      [{ repo: 'acme/app-evil' }, 'it is for another repository'],
      [{ repo: 'Acme/app' }, 'it is for another repository'],
    ] as const) {
      const other = await run(path, { ...asked, ...more, level: '1' });
      expect([other.code, line(other)]).toEqual([1, `Evidence refused, provenance: ${about} (asked for: L1)`]);
    }
  });

  it('believes a builder of the command line at L3, and only at its commit', async () => {
    const noBuilder = { ...trust, TRUST_POLICY: join(folder, 'policy.yml') };
    const roots =
      /^roots:[\s\S]+?(?=^\S|$(?![\s\S]))/m.exec(readFileSync(trust['TRUST_POLICY'] ?? '', 'utf8'))?.[0] ?? '';
    writeFileSync(noBuilder.TRUST_POLICY, roots);
    const path = file(await sign(builderClaims()));
    expect((await run(path, {}, noBuilder)).code).toBe(1);
    expect((await run(path, { builder }, noBuilder)).code).toBe(0);
    expect((await run(path, { builder: `${builder.split('@')[0]}@${OTHER_COMMIT}` }, noBuilder)).code).toBe(1);
  });

  it('believes the builders of the policy beside it', async () => {
    const other = `other/b/.github/workflows/b.yml@${OTHER_COMMIT}`;
    expect((await run(file(await sign(builderClaims())), { builder: other })).code).toBe(0);
  });

  it('trusts the root of the command line, and no other any more', async () => {
    const path = file(await sign(builderClaims()));
    const trustedRoot = (key: string): string => join(trust['TRUST_POLICY'] ?? '', '..', key);
    expect((await run(path, { trustedRoot: [trustedRoot('public-good.json')] })).code).toBe(0);
    expect((await run(path, { trustedRoot: [`public_good=${trustedRoot('public-good.json')}`] })).code).toBe(0);
    const other = await run(path, { trustedRoot: [`github=${trustedRoot('github.json')}`] });
    expect([other.code, line(other)]).toEqual([
      1,
      'Evidence refused, provenance: its signature does not hold (asked for: L3)',
    ]);
  });

  it('is not distributed by being in a file: nobody is said to keep it', async () => {
    const { out } = await run(file(await sign(builderClaims())));
    expect(out).toMatch(/· Provenance is distributed \(L1\) +not assessed/);
    expect(out).not.toContain('kept by');
  });

  it('is nothing that other tools could find, so none is named', async () => {
    expect((await run(file(await sign(builderClaims())))).out).not.toMatch(/gh attestation|cosign|oci:/);
  });
});

describe('a file of several bundles, one a line', () => {
  it('is judged by the best; the others are told, and count for nothing', async () => {
    const others = [
      await sign(ownClaims()),
      { no: 'bundle' },
      await sign(builderClaims({ repository: 'acme/app-evil' })),
    ];
    const ended = await run(file(...others, await sign(builderClaims()), ''), { digest });
    expect([ended.code, line(ended)]).toEqual([0, 'Build L3 verified (asked for: L3)']);
    expect(ended.out).toContain('Set aside: 3');
    expect(ended.out).toContain('  file: provenance of another signature of the same build');
    expect(ended.out).toContain('  file: not of this build: it is for another repository');
  });

  it('is never better for having many: two lower levels make no higher one', async () => {
    const ended = await run(file(await sign(ownClaims()), await sign(strangerClaims()), await sign(ownClaims())));
    expect([ended.code, line(ended)]).toEqual([1, "Build L2: built by the repository's own workflow (asked for: L3)"]);
  });
});

describe('a file without a bundle', () => {
  it.each([
    ['nothing', ''],
    ['words', 'hello'],
    ['an empty object', '{}'],
    ['a list', '[]'],
    ['lines of empty objects', '{}\n{}\n{}'],
    ['a statement that nobody signed', '{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x"}'],
  ])('is no evidence: %s', async (_, content) => {
    const ended = await run(file(content), { level: '1' });
    expect([ended.code, line(ended)]).toEqual([
      1,
      'Evidence refused, provenance: its signature does not hold (asked for: L1)',
    ]);
    expect(ended.out).toContain('say with --digest which one it must be about');
    expect(ended.out).toMatch(/✘ Provenance exists \(L1\) +not met/);
  });

  it('is none either where its signature is altered', async () => {
    const bundle = (await sign(builderClaims())) as { dsseEnvelope: { payload: string } };
    const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString().replace(COMMIT, OTHER_COMMIT);
    bundle.dsseEnvelope.payload = Buffer.from(payload).toString('base64');
    expect((await run(file(bundle), { level: '1', digest })).code).toBe(1);
  });
});

describe('an image in a registry', () => {
  it('is found by tag and by digest, with the bundles beside it', async () => {
    const absent = await run(`${name}:v1`, { level: '1' });
    expect([absent.code, line(absent)]).toEqual([1, 'L0: no provenance (asked for: L1)']);
    await new OciImage(name, sandbox.registry.credentials).attach(digest, await sign(ownClaims()));
    await new OciImage(name, sandbox.registry.credentials).attach(digest, { nonsense: true });
    await new OciImage(name, sandbox.registry.credentials).attach(digest, await sign(builderClaims()));
    for (const reference of [`:v1`, `@${digest}`, `:v1@${digest}`, `:whatever@${digest}`]) {
      const ended = await run(`${name}${reference}`);
      expect([reference, ended.code, line(ended)]).toEqual([reference, 0, 'Build L3 verified (asked for: L3)']);
      expect(ended.out).toContain('kept by the registry');
      expect(ended.out).toContain('Set aside: 2');
      expect(ended.out.includes(`The tag is at ${digest} now`)).toBe(!reference.includes('@'));
      expect(line(ended, 0)).toBe(`${name}@${digest}, for acme/app`);
      expect(ended.out).toContain(
        `  gh attestation verify oci://${name}@${digest} --repo acme/app --cert-identity https://github.com/${builder} `,
      );
    }
  });

  it.each([
    ['does not exist', 'nothing', 'is not there'],
    ['has no such tag', ':v2', 'is not there'],
    ['has no such digest', `@sha256:${OTHER_HEX}`, 'is not there'],
  ])('that %s is neither a pass nor a failure', async (_, rest, said) => {
    const ended = await run(`${name}${rest}`, { level: '1' });
    expect(ended).toMatchObject({ code: 3, out: '' });
    expect(ended.err).toMatch(
      new RegExp(`^Could not find out: .*${said}\\. This is neither a pass nor a failure\\.\n$`),
    );
  });

  it('in a registry that is not named for it is not asked for', async () => {
    const ended = await run('169.254.169.254/latest:meta-data', { level: '1' });
    expect(ended).toMatchObject({ code: 3, out: '' });
    expect(ended.err).toContain('169.254.169.254 is not a registry that this App may ask (REGISTRY_HOSTS)');
  });
});

describe('a digest', () => {
  const stored = async (claims: JobClaims) =>
    repository.attestations.push({
      id: repository.attestations.length,
      digest,
      predicateType: 'https://slsa.dev/provenance/v1',
      bundle: await sign(claims),
      createdAt: new Date().toISOString(),
    });
  const token = (): Record<string, string> => ({
    ...trust,
    GITHUB_TOKEN: sandbox.auth.personalToken(sandbox.user('kim')),
  });

  it('is found in the attestations that GitHub keeps, whoever else stored some', async () => {
    await stored(strangerClaims());
    await stored(builderClaims());
    await stored(ownClaims());
    const ended = await run(digest, {}, token());
    expect([ended.code, line(ended)]).toEqual([0, 'Build L3 verified (asked for: L3)']);
    expect(ended.out).toContain('kept by GitHub');
    expect(ended.out).toContain('Set aside: 2');
  });

  it('without attestations has no provenance: that is a failure, not an unknown', async () => {
    const ended = await run(digest, { level: '1' }, token());
    expect([ended.code, line(ended)]).toEqual([1, 'L0: no provenance (asked for: L1)']);
  });

  it.each([
    ['that does not answer', () => ({ ...trust, GITHUB_API_URL: 'http://127.0.0.1:1' }), /GitHub could not be reached/],
    ['that refuses the token', () => ({ ...trust, GITHUB_TOKEN: 'ghp_wrong' }), /GitHub answered 401/],
  ])('of a GitHub %s is neither a pass nor a failure', async (_, env, said) => {
    const ended = await run(digest, { level: '1' }, env());
    expect(ended).toMatchObject({ code: 3, out: '' });
    expect(ended.err).toMatch(said);
    expect(ended.err).toMatch(/This is neither a pass nor a failure\.\n$/);
    expect(ended.err).not.toContain('ghp_wrong');
  });

  it('of a GitHub in trouble is neither, too', async () => {
    sandbox.faults.add({ method: 'GET', path: /\/attestations\//, nth: [1], fault: status(502) });
    expect(await run(digest, { level: '1' }, token())).toMatchObject({ code: 3, out: '' });
  });
});

describe('as JSON', () => {
  it('is one document on one line, the same as the App keeps', async () => {
    const { code, out, err } = await run(file(await sign(builderClaims()), await sign(ownClaims())), { json: true });
    expect([code, err, out.split('\n').length]).toEqual([0, '', 2]);
    expect(JSON.parse(out) as Assessment).toMatchObject({
      schemaVersion: 1,
      subject: { digest },
      result: 'met',
      level: 3,
      standing: 'trusted_builder',
      failing: null,
      setAside: { count: 1 },
      provenance: { signer: `https://github.com/${builder}`, root: 'public_good' },
    });
  });

  it('says what failed, and ends as it would without', async () => {
    const { code, out } = await run(file(await sign(builderClaims())), { json: true, repo: 'acme/other' });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      result: 'failed',
      level: 0,
      failing: { id: 'repository', about: 'provenance' },
    });
  });
});

describe('words of others', () => {
  const HOSTILE = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egnp.exe\u200b\r\nBuild L3 verified\u0000';
  /** Everything that a terminal acts on, or that makes a line read otherwise than it is; line ends are ours. */
  const ACTIVE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

  const places: readonly (readonly [where: string, make: () => Promise<unknown>])[] = [
    ['the predicate type', () => sign(builderClaims(), { predicateType: `x${HOSTILE}` })],
    ['the digest of a subject', () => sign(builderClaims(), { subject: [{ name: 'x', digest: { sha256: HOSTILE } }] })],
    ["the certificate's claims", () => sign(builderClaims({ repository: `acme/app${HOSTILE}` }))],
    ['the ref', () => sign(builderClaims({ ref: `refs/heads/${HOSTILE}` }))],
    ['the event', () => sign(builderClaims({ event_name: HOSTILE }))],
    [
      'the provenance',
      () => {
        const { predicate } = provenanceOf(builderClaims()) as {
          predicate: { buildDefinition: object; runDetails: object };
        };
        return sign(builderClaims(), {
          predicate: {
            buildDefinition: {
              ...predicate.buildDefinition,
              buildType: HOSTILE,
              externalParameters: { [HOSTILE]: HOSTILE },
            },
            runDetails: { builder: { id: HOSTILE }, metadata: { invocationId: HOSTILE } },
          },
        });
      },
    ],
    ['what is no bundle', () => Promise.resolve({ mediaType: HOSTILE, [HOSTILE]: HOSTILE })],
  ];

  it.each(places)('in %s never act on the terminal, nor make a line of their own', async (_, make) => {
    const bundle = await make();
    // Once as what decides, and once as what is set aside.
    for (const path of [file(bundle), file(await sign(ownClaims()), bundle)]) {
      const text = await run(path, { level: '3' });
      expect(text.code).toBe(1);
      expect(text.out).not.toMatch(ACTIVE);
      expect(text.err).not.toMatch(ACTIVE);
      expect(text.out).not.toMatch(/^Build L3 verified/m);
      const json = await run(path, { level: '3', json: true });
      expect(json.out).not.toMatch(ACTIVE);
      expect(json.out.trimEnd()).not.toContain('\n');
      expect(() => JSON.parse(json.out) as unknown).not.toThrow();
    }
  });

  it('in an answer of the server are plain, too', async () => {
    sandbox.faults.add({ method: 'GET', path: /\/attestations\//, fault: status(500, `down${HOSTILE}`) });
    const { code, err } = await run(
      digest,
      {},
      { ...trust, GITHUB_TOKEN: sandbox.auth.personalToken(sandbox.user('kim')) },
    );
    expect(code).toBe(3);
    expect(err).toContain(': down');
    expect(err).not.toMatch(ACTIVE);
  });
});

describe('a mistake in what is asked', () => {
  it.each<[string, string, Partial<VerifyOptions>, RegExp]>([
    [
      'a level that SLSA does not have',
      'FILE',
      { level: '4' },
      /^--level: 1, 2 or 3\. The Build track of SLSA v1\.2 ends at L3\.$/,
    ],
    ['level 0', 'FILE', { level: '0' }, /^--level: /],
    ['a level in words', 'FILE', { level: 'L3' }, /^--level: /],
    ['a repository without its owner', 'FILE', { repo: 'app' }, /^--repo: written owner\/name\.$/],
    ['a repository as an address', 'FILE', { repo: 'https://github.com/acme/app' }, /^--repo: /],
    ['a short commit', 'FILE', { sourceDigest: '4f2a9c0' }, /^--source-digest: a commit, 40 hex digits\.$/],
    ['a branch', 'FILE', { sourceRef: 'main' }, /^--source-ref: a full ref, such as refs\/heads\/main\.$/],
    [
      'a digest without its algorithm',
      'FILE',
      { digest: 'a'.repeat(64) },
      /^--digest: written sha256: and 64 hex digits\.$/,
    ],
    [
      'a builder at a branch',
      'FILE',
      { builder: 'a/b/.github/workflows/c.yml@main' },
      /^--builder: a builder is written /,
    ],
    [
      'a root that is not there',
      'FILE',
      { trustedRoot: ['/nowhere.json'] },
      /^--trusted-root: Trust root public_good: \/nowhere\.json cannot be read\.$/,
    ],
    [
      'a root that is none',
      'FILE',
      { trustedRoot: ['own=FILE'] },
      /^--trusted-root: Trust root own names no certificate authority\.$/,
    ],
    [
      'nothing that there is',
      'nothing',
      {},
      /^nothing is no file, no digest \(sha256:…\) and no image \(registry\/name@sha256:…\)\.$/,
    ],
    ['half a digest', 'sha256:abc', {}, /is no file, no digest/],
    [
      'an image at half a digest',
      'ghcr.io/acme/app@sha256:abc',
      {},
      /^ghcr\.io\/acme\/app@sha256:abc: a digest is written sha256: and 64 hex digits\.$/,
    ],
    ['a folder', 'FOLDER', {}, /is no file/],
    ['a file that is not there', './bundle.json', {}, /^\.\/bundle\.json is no file, no digest/],
    ['a file of a folder that is not there', 'bundles/bundle.json', {}, /is no file, no digest/],
    ['an image without its registry', 'acme/app:v1', {}, /is no file, no digest/],
  ])('is a sentence: %s', async (_, subject, options, message) => {
    const path = file({});
    const filled = (text: string): string => text.replace('FILE', path).replace('FOLDER', folder);
    const trustedRoot = options.trustedRoot?.map(filled);
    const asked = run(filled(subject), { ...options, ...(trustedRoot === undefined ? {} : { trustedRoot }) });
    await expect(asked).rejects.toThrow(UsageError);
    await expect(asked).rejects.toThrow(message);
  });

  it('is told before anybody is asked', async () => {
    const before = sandbox.calls.length;
    await expect(run(digest, { repo: 'app' })).rejects.toThrow(UsageError);
    await expect(run(digest, { sourceRef: 'main' })).rejects.toThrow(UsageError);
    expect(sandbox.calls.length).toBe(before);
  });

  it('includes a file that is larger than any bundle', async () => {
    const path = join(folder, 'large');
    writeFileSync(path, Buffer.alloc(97 * 1024 * 1024));
    await expect(run(path)).rejects.toThrow(`${path} has more bytes than any bundle.`);
  });
});

describe('the process', () => {
  it('ends with 0 at the level and 1 below it', async () => {
    const path = file(await sign(ownClaims()));
    const [met, lower] = await Promise.all([
      start([path, '--repo', 'acme/app', '--level', '2']),
      start([path, '--repo', 'acme/app']),
    ]);
    expect(met).toMatchObject({ code: 0, err: '', out: expect.stringContaining('(asked for: L2)') });
    expect(lower).toMatchObject({ code: 1, err: '', out: expect.stringContaining('(asked for: L3)') });
  });

  it('finds an image in a registry, and a digest at GitHub', async () => {
    const json = await start([`${name}@${digest}`, '--repo', 'acme/app', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ subject: { name, digest } });
  });

  it('ends with 3 where it could not find out', async () => {
    const ended = await start(['127.0.0.1:1/acme/app:v1', '--repo', 'acme/app'], {
      ...trust,
      REGISTRY_HOSTS: '127.0.0.1:1',
    });
    expect(ended).toEqual({
      code: 3,
      out: '',
      err: 'Could not find out: 127.0.0.1:1 did not answer. This is neither a pass nor a failure.\n',
    });
  });

  it.each([
    [['x', '--repo', 'acme/app'], /^x is no file, no digest/],
    [['x'], /required option '--repo <owner\/name>' not specified/],
    [['--repo', 'acme/app'], /missing required argument 'subject'/],
    [['x', '--repo', 'acme/app', '--levle', '2'], /Did you mean --level\?/],
  ])('ends with 2 after a mistake: %j', async (args, said) => {
    const ended = await start(args);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toMatch(said);
    expect(ended.err).not.toMatch(/^\s+at /m);
  });
});

describeWithSharedData('shared data: bundles of real projects, with the roots that are shipped', () => {
  const PYTHON = '06-verify-signatures/gh-cli/github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl';
  const SIGNATURE = '04-sign-image/bundles/image-signature-1.sigstore.json';
  const NPM = '06-verify-signatures/gh-cli/sigstore-js-2.1.0-bundle.json';
  const CHAINLOOP = '05-attest-sbom/bundles/chainloop-slsa_provenance.sigstore.json';
  const demo = { repo: 'actions/attest-demo', signerWorkflow: '.github/workflows/build-python.yml', level: '2' };
  const real = (path: string, options: Partial<VerifyOptions>): Promise<Ended> =>
    run(sharedDataPath(path), options, {});

  // What this machine has fetched is not what is tested.
  const before = process.env['XDG_CACHE_HOME'];
  beforeEach(() => {
    process.env['XDG_CACHE_HOME'] = folder;
  });
  afterEach(() => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
  });

  it("actions/attest-demo's provenance is L2 of its own workflow, by GitHub's root", async () => {
    const ended = await real(PYTHON, demo);
    expect([ended.code, line(ended)]).toEqual([0, "Build L2: built by the repository's own workflow (asked for: L2)"]);
    expect(ended.out).toContain('root github');
    expect((await real(PYTHON, { ...demo, level: '3' })).code).toBe(1);
  });

  it.each([
    ['another repository', { repo: 'actions/attest-demo-evil' }, 'it is for another repository'],
    ['another digest', { digest: `sha256:${OTHER_HEX}` }, 'it is about another image'],
    ['another commit', { sourceDigest: OTHER_COMMIT }, 'it is for another commit'],
    ['another workflow', { signerWorkflow: '.github/workflows/other.yml' }, 'it has parameters that nobody expects'],
  ])('and is refused for %s', async (_, more, about) => {
    const ended = await real(PYTHON, { ...demo, ...more });
    expect([ended.code, line(ended)]).toEqual([1, `Evidence refused, provenance: ${about} (asked for: L2)`]);
  });

  it("docker's image signature proves who signed, and is no provenance", async () => {
    const ended = await real(SIGNATURE, { repo: 'docker/github-builder-test', level: '1' });
    expect([ended.code, line(ended)]).toEqual([
      1,
      'Evidence refused, provenance: it is not SLSA provenance (asked for: L1)',
    ]);
    expect(ended.out).toMatch(/✘ Provenance exists \(L1\) +not met +it is not SLSA provenance/);
  });

  it("sigstore-js's provenance is about a package with a sha512, and about no image", async () => {
    const ended = await real(NPM, {
      repo: 'sigstore/sigstore-js',
      signerWorkflow: '.github/workflows/release.yml',
      level: '1',
    });
    expect([ended.code, line(ended)]).toEqual([
      1,
      'Evidence refused, provenance: it is about another image (asked for: L1)',
    ]);
    expect(ended.out).toContain('say with --digest which one it must be about');
  });

  it("chainloop's provenance speaks of many images, so it vouches for none", async () => {
    const ended = await real(CHAINLOOP, {
      repo: 'chainloop-dev/platform-website',
      signerWorkflow: '.github/workflows/deploy.yml',
      level: '1',
    });
    expect([ended.code, line(ended)]).toEqual([
      1,
      'Evidence refused, provenance: it is about another image (asked for: L1)',
    ]);
  });
});
