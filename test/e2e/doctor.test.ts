/** `doctor`: what is in order, and twenty ways in which it is not, each with what to do. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { status } from '../../sandbox/faults.ts';
import { describeFindings, doctor } from '../../src/cli/doctor.ts';
import { readEnvironment } from '../../src/cli/environment.ts';
import type { Finding } from '../../src/domain/doctor/findings.ts';
import { StageSet } from './stage-set.ts';

let set: StageSet;
let repository: RepositoryRecord;
let trust: Record<string, string>;

beforeAll(async () => {
  set = await StageSet.open({ builds: 'isolated' });
  repository = await set.repository('doctored');
  trust = await set.sandbox.trustEnvironment();
});
afterAll(() => set.close());
const { permissions, events } = {
  permissions: () => set.sandbox.world.app.permissions,
  events: () => set.sandbox.world.app.events,
};
let before: { permissions: Readonly<Record<string, string>>; events: readonly string[] } | null = null;
afterEach(() => {
  const { app } = set.sandbox.world;
  if (before !== null) Object.assign(app, before);
  before = null;
  app.hook = { contentType: 'json', hasSecret: true, isInsecure: false };
  repository.disabledWorkflows.clear();
  repository.requiredChecks.splice(0);
  set.sandbox.faults.clear();
});

const environment = (more: Record<string, string> = {}) => ({
  ...trust,
  APP_ID: String(set.sandbox.app.appId),
  PRIVATE_KEY: set.sandbox.app.privateKey,
  WEBHOOK_SECRET: set.sandbox.app.webhookSecret,
  GITHUB_API_URL: set.sandbox.url,
  TEMPORAL_URL: set.temporal.address,
  ...more,
});
const examine = (more: Record<string, string> = {}, repo = 'acme/doctored'): Promise<Finding[]> =>
  doctor({ repo }, readEnvironment(environment(more)));
/** "state about: says → next" of all that is not in order. */
const told = (findings: readonly Finding[]): string[] =>
  findings
    .filter(({ state }) => state !== 'ok')
    .map(({ state, about, says, next }) => `${state} ${about}: ${says} → ${next}`);

describe('an installation', () => {
  it('in order is told so, line by line, and what is left to think about', async () => {
    repository.requiredChecks.push({ context: 'SLSA pipeline', integrationId: set.sandbox.app.appId });
    const findings = await examine();
    expect(told(findings).filter((line) => line.startsWith('fault'))).toEqual([]);
    expect(findings.map(({ about }) => about)).toEqual(
      expect.arrayContaining([
        'Temporal',
        'worker',
        'trust',
        'App',
        'clock',
        'permissions',
        'events',
        'webhook',
        'deliveries',
        'settings',
        'stage files',
        'branch rules',
      ]),
    );
    expect(describeFindings(findings).at(-1)).toMatch(/^0 to repair, \d+ to think about, \d+ in order\.$/);
  });

  it.each<[string, () => void, Record<string, string>, RegExp]>([
    [
      'a permission that was never asked for',
      () => changeApp({ permissions: without(permissions(), 'checks') }),
      {},
      /fault permissions: lacks checks: write → Ask for them in the settings of the App/,
    ],
    [
      'a permission that is too little',
      () => changeApp({ permissions: { ...permissions(), actions: 'read' } }),
      {},
      /lacks actions: write \(has read\)/,
    ],
    [
      'a permission too many',
      () => changeApp({ permissions: { ...permissions(), workflows: 'write' } }),
      {},
      /warning permissions: has more than it needs: workflows: write/,
    ],
    [
      'an event that is not sent',
      () => changeApp({ events: events().filter((name) => name !== 'workflow_run') }),
      {},
      /fault events: not subscribed to workflow_run/,
    ],
    [
      'a webhook that is a form',
      () => void (set.sandbox.world.app.hook = { contentType: 'form', hasSecret: true, isInsecure: false }),
      {},
      /fault webhook: is sent as form → Choose the content type application\/json/,
    ],
    [
      'a webhook without a secret',
      () => void (set.sandbox.world.app.hook = { contentType: 'json', hasSecret: false, isInsecure: false }),
      {},
      /fault webhook: has no secret: anybody could forge events → Set the one of WEBHOOK_SECRET/,
    ],
    [
      'a webhook that trusts any certificate',
      () => void (set.sandbox.world.app.hook = { contentType: 'json', hasSecret: true, isInsecure: true }),
      {},
      /warning webhook: does not verify the certificate/,
    ],
    [
      'a stage file that is switched off',
      () => void repository.disabledWorkflows.add('03-scan-sbom.yml'),
      {},
      /fault stage files: switched off in Actions: 03-scan-sbom.yml → Enable them/,
    ],
    [
      'a check that nothing requires',
      () => undefined,
      {},
      /warning branch rules: no rule requires the check "SLSA pipeline": what is red can be merged/,
    ],
    [
      'a check that anybody can write',
      () => void repository.requiredChecks.push({ context: 'SLSA pipeline', integrationId: null }),
      {},
      /warning branch rules: "SLSA pipeline" is required from anybody/,
    ],
    [
      'a key of another App',
      () => undefined,
      {
        PRIVATE_KEY: generateKeyPairSync('rsa', { modulusLength: 2048 })
          .privateKey.export({ type: 'pkcs1', format: 'pem' })
          .toString(),
      },
      /fault GitHub: .* → APP_ID and PRIVATE_KEY must be of the same App/,
    ],
    [
      'a Temporal that is not there',
      () => undefined,
      { TEMPORAL_URL: '127.0.0.1:1' },
      /fault Temporal: Temporal at .* does not answer .* → Check that it runs/,
    ],
    [
      'a namespace that is not there',
      () => undefined,
      { TEMPORAL_NAMESPACE: 'elsewhere' },
      /fault Temporal: .*elsewhere/,
    ],
    [
      'a Temporal in the clear',
      () => undefined,
      { TEMPORAL_URL: '10.0.0.1:7233' },
      /fault Temporal: TEMPORAL_URL: 10.0.0.1:7233 is on a network, and would be spoken to in the clear/,
    ],
    ['the id of another App', () => undefined, { APP_ID: '1' }, /fault GitHub: GitHub answered 401/],
    [
      'a GitHub that is down',
      () => set.sandbox.faults.add({ method: 'GET', path: /^\/app$/, fault: status(503) }),
      {},
      /fault GitHub: GitHub answered 503/,
    ],
    [
      'no builder',
      () => undefined,
      { BUILDER_WORKFLOW: '', TRUST_POLICY: '' },
      /warning trust: no isolated builder: Build L2 at best → Set BUILDER_WORKFLOW/,
    ],
    [
      'a trust policy that is not there',
      () => undefined,
      { TRUST_POLICY: '/nonexistent.yml' },
      /fault trust: TRUST_POLICY: \/nonexistent.yml cannot be read. → See .env.example/,
    ],
    [
      'no key for summaries',
      () => undefined,
      { VSA_PRIVATE_KEY: '', VSA_PRIVATE_KEY_PATH: '' },
      /warning summaries: verification summaries are not signed/,
    ],
  ])('with %s is told what to do', async (_, breakIt, more, line) => {
    breakIt();
    expect(told(await examine(more)).join('\n')).toMatch(line);
  });

  it('says of a repository what is missing: files, settings, the App itself', async () => {
    const bare = await set.sandbox.createRepository('bare');
    const { url } = set.sandbox.webhooks.options;
    set.sandbox.webhooks.options.url = null;
    await set.sandbox.push(bare, 'main', new Map([['.github/slsa-pipeline.yml', 'preset: standart\n']]));
    set.sandbox.webhooks.options.url = url;
    const lines = told(await examine({}, 'acme/bare')).join('\n');
    expect(lines).toMatch(/fault settings: 1 mistake\(s\), the first in line 1: `preset: standart`/);
    expect(lines).toMatch(
      /fault stage files: not on the default branch: 00-megalinter.yml, .* → Run `slsa-pipeline init`/,
    );
    expect(told(await examine({}, 'acme/absent')).join('\n')).toMatch(
      /fault acme\/absent: GitHub answered 404 to the look-up/,
    );
    expect(told(await examine({}, 'acme')).join('\n')).toMatch(/fault acme: --repo is written owner\/name/);
  });
});

function changeApp(more: Partial<{ permissions: Readonly<Record<string, string>>; events: readonly string[] }>): void {
  before ??= { permissions: permissions(), events: events() };
  Object.assign(set.sandbox.world.app, more);
}

const without = (all: Readonly<Record<string, string>>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(all).filter(([key]) => key !== name));
