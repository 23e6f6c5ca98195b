/** What the stages are run for, and what each has to come to: told by the runner, and read by the App's own readers. */
import { Sandbox, type SandboxOptions } from '../../sandbox/box.ts';
import type { Stage } from '../../src/domain/stage/stage-table.ts';
import type { Chain, ChainOptions, Ran } from './chain.ts';

export interface Scenario extends Omit<ChainOptions, 'name'> {
  /** Rendered for a builder of its own repository, else a build of the repository's own. */
  readonly isolated?: true;
  /** The registry requires credentials for reads too. */
  readonly closed?: true;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly stage: Stage;
  /** In place of those that the App would give. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** A line of each job, with its annotations; then the artifact's files; then what the App reads of them. */
  readonly ends: readonly string[];
}

const OTHER = `sha256:${'0'.repeat(64)}`;
const NAMELESS = 'The image does not begin with the name of a registry.';
const EXIT_1 = 'Process completed with exit code 1.';

const failed = (job: string, said: string): string[] => [
  [`${job}: failure`, ...(said === '' ? [] : [said]), EXIT_1].join(' | '),
  '',
  'nothing',
];

const LINT_FILES =
  'linter-logs.json megalinter-reports/mega-linter-report.json megalinter-reports/megalinter-report.sarif stage.json';
const LINTED: Step = {
  stage: 'lint',
  ends: [
    'lint: success',
    LINT_FILES,
    '{"linters":4,"files":10,"errors":0,"warnings":0,"failedLinters":[],"findings":[],"findingsFrom":"sarif"}',
  ],
};

const mistaken = (warnings: number, more = ''): Step => ({
  stage: 'lint',
  ends: [
    `lint: failure | Docker run failed with exit code 1 | MegaLinter found errors: see its step above. | ${EXIT_1}`,
    `${more}${LINT_FILES}`,
    `{"linters":4,"files":10,"errors":2,"warnings":${warnings},"failedLinters":[{"linter":"JAVASCRIPT_ES","errors":2}],"findings":[{"linter":"eslint","rule":"no-unused-vars","message":"'unused' is assigned a value but never used.","file":"src/server.js","line":3},{"linter":"eslint","rule":"eqeqeq","message":"Expected '===' and instead saw '=='.","file":"src/server.js","line":6}],"findingsFrom":"sarif"}`,
  ],
});

/** The image, its provenance and the index of what refers to it; GitHub keeps the provenance of public images, and by its own authority. */
const LEFT = {
  public_log: 'publicLog 1, registry 3, attestations 1',
  github: 'github 1, registry 3, attestations 1',
  none: 'registry 1',
} as const;

const built = (
  signing: keyof typeof LEFT,
  prefix = '',
  { image = 'acme/NAME:main-COMMIT', left = LEFT[signing] }: { image?: string; left?: string } = {},
): Step => ({
  stage: 'build',
  ends: [
    ...['plan', 'build', 'provenance'].map((job) => `${prefix}${job}: success`),
    'buildx-metadata.json provenance.json stage.json',
    left,
    `{"kind":"built","image":"REGISTRY/${image}","digest":"SHA256","warnings":0,"signing":"${signing}","provenanceSha256":"SHA256"}`,
  ],
});
const OWN = built('public_log');
const ISOLATED = 'builder / ';
const notBuilt = (...ends: string[]): Step => ({ stage: 'build', ends });

const listed = (components: number): Step => ({
  stage: 'sbom',
  ends: [
    'sbom: success',
    'sbom.cdx.json stage.json',
    `{"specVersion":"1.6","components":${components},"sha256":"SHA256","canonicalSha256":"SHA256"}`,
  ],
});
/** The package itself, and the two that are installed in it. */
const SBOM = listed(3);
const scanned = (high: number, worst: string): Step => ({
  stage: 'scan',
  ends: [
    'scan: success',
    'grype.json stage.json',
    `{"counts":{"critical":0,"high":${high},"medium":0,"low":0,"negligible":0,"unknown":0},"matches":${high},"ignored":0,"worst":[${worst}],"databaseBuilt":"2026-11-01T00:00:00Z","sbomSha256":"SHA256"}`,
  ],
});
const CRITICAL: Step = {
  stage: 'scan',
  ends: [
    'scan: success',
    'grype.json stage.json',
    '{"counts":{"critical":1,"high":0,"medium":0,"low":0,"negligible":0,"unknown":0},"matches":1,"ignored":0,"worst":[{"id":"GHSA-xvch-5gv4-984h","severity":"critical","package":"minimist","version":"1.2.5","fixedIn":"1.2.6","location":"/app/node_modules/minimist/package.json","url":"https://github.com/advisories/GHSA-xvch-5gv4-984h"}],"databaseBuilt":"2026-11-01T00:00:00Z","sbomSha256":"SHA256"}',
  ],
};
const SCANNED = scanned(0, '');

const IN_LOG = { logIndex: '"N"', left: 'publicLog 1, registry 2' } as const;
const BY_GITHUB = { logIndex: 'null', left: 'github 1, registry 2, attestations 1' } as const;
const KEPT = { logIndex: '"N"', left: 'publicLog 1, registry 2, attestations 1' } as const;
type Signature = typeof IN_LOG | typeof BY_GITHUB | typeof KEPT;

const signed = ({ logIndex, left }: Signature = IN_LOG): Step => ({
  stage: 'sign',
  ends: [
    'sign: success',
    'signature.sigstore.json stage.json',
    left,
    `{"digest":"SHA256","logIndex":${logIndex},"bundleSha256":"SHA256"}`,
  ],
});
/** GitHub keeps what its action signs. */
const attested = ({ logIndex, left }: Signature = KEPT): Step => ({
  stage: 'attest',
  ends: [
    'attest: success',
    'attestation.sigstore.json stage.json',
    left,
    `{"digest":"SHA256","logIndex":${logIndex},"bundleSha256":"SHA256","sbomSha256":"SHA256"}`,
  ],
});

const VERIFY_FILES = 'attestation-verify.json cosign-verify.json stage.json';
const VERIFIED: Step = {
  stage: 'verify',
  ends: ['verify: success', VERIFY_FILES, '{"kind":"verified","signatures":1,"attestations":1}'],
};
const rejected = (what: string, inputs?: Step['inputs']): Step => ({
  stage: 'verify',
  ...(inputs === undefined ? {} : { inputs }),
  ends: [
    `verify: failure | A signature or attestation could not be verified: see the step above. | ${EXIT_1}`,
    VERIFY_FILES,
    `{"kind":"rejected","reason":"no ${what} of this image could be verified"}`,
  ],
});
const refused = (stage: Stage, inputs: NonNullable<Step['inputs']>, said = ''): Step => ({
  stage,
  inputs,
  ends: failed(stage, said),
});

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a public repository that builds itself': { steps: [LINTED, OWN, SBOM, SCANNED, signed(), attested(), VERIFIED] },
  'a public repository with an isolated builder': {
    isolated: true,
    steps: [built('public_log', ISOLATED), SBOM, signed(), attested(), VERIFIED],
  },
  "a private repository, signed by GitHub's authority": {
    visibility: 'private',
    settings: 'preset: standard\nsigning: github\n',
    steps: [built('github'), SBOM, SCANNED, signed(BY_GITHUB), attested(BY_GITHUB), VERIFIED],
  },
  'A3: a private repository in the public log, with an isolated builder': {
    visibility: 'private',
    isolated: true,
    settings: 'preset: standard\nsigning: public_log\n',
    steps: [
      built('public_log', ISOLATED, { left: 'publicLog 1, registry 3' }),
      SBOM,
      signed(),
      attested(IN_LOG),
      VERIFIED,
    ],
  },
  'a private repository that signs nothing': {
    visibility: 'private',
    isolated: true,
    steps: [built('none', ISOLATED), SBOM, SCANNED],
  },
  'code with mistakes': {
    fixture: 'lint-errors',
    steps: [mistaken(2), { ...mistaken(0, 'fixes.json '), inputs: { fix: 'true' } }],
  },
  'an image with vulnerable packages': {
    fixture: 'vulnerable',
    steps: [
      OWN,
      SBOM,
      scanned(
        1,
        '{"id":"GHSA-35jh-r3h4-6jhm","severity":"high","package":"lodash","version":"4.17.20","fixedIn":"4.17.21","location":"/app/node_modules/lodash/package.json","url":"https://github.com/advisories/GHSA-35jh-r3h4-6jhm"}',
      ),
    ],
  },
  'an image with a critical fault, which the App and not the scanner judges': {
    files: new Map([
      [
        'package-lock.json',
        '{"lockfileVersion":3,"packages":{"":{"name":"app","version":"1.0.0"},"node_modules/minimist":{"version":"1.2.5"}}}',
      ],
    ]),
    steps: [OWN, listed(2), CRITICAL],
  },
  'A6: a registry that is private': { closed: true, steps: [OWN, SBOM, SCANNED, signed(), attested(), VERIFIED] },
  'a build that fails': {
    fixture: 'failing-build',
    isolated: true,
    steps: [
      notBuilt(
        'builder / plan: success',
        `builder / build: failure | buildx failed with: ##[error]buildx failed with: ERROR: failed to build: failed to solve: process "/bin/sh -c test -d /app/src/generated" did not complete successfully: exit code: 1 | The image did not build: see the step above. | ${EXIT_1}`,
        'builder / provenance: skipped',
        'buildx-metadata.json stage.json',
        '{"kind":"failed","exitCode":1}',
      ),
    ],
  },
  'a branch that has moved': {
    isolated: true,
    steps: [
      {
        ...notBuilt(
          `builder / plan: failure | This run is at COMMIT, not at the commit it was dispatched for: the branch has moved. | ${EXIT_1}`,
          'builder / build: skipped',
          'builder / provenance: skipped',
          '',
          'nothing',
        ),
        inputs: { commit: '0'.repeat(40) },
      },
    ],
  },
  'every setting of an image': {
    isolated: true,
    image: `  name: acme/other
  tag: v-{sha7}
  dockerfile: app/Containerfile
  context: app
  target: last
  platforms: [linux/amd64, linux/arm64]
  build_args:
    WORDS: a "quoted", word
`,
    files: new Map([
      [
        'app/Containerfile',
        'FROM scratch AS base\nARG WORDS\nLABEL words=$WORDS\nCOPY package.json /\nFROM base AS last\nCOPY src /src\nFROM base AS never\nCOPY nothing /\n',
      ],
      ['app/package.json', '{"name":"app","version":"1.0.0"}\n'],
      ['app/src/index.js', 'export {};\n'],
    ]),
    steps: [
      built('public_log', ISOLATED, {
        image: 'acme/other:v-COMMIT',
        left: 'publicLog 1, registry 5, attestations 1',
      }),
      listed(1),
    ],
  },
  'an unsigned image': { steps: [OWN, SBOM, attested(), rejected('signature')] },
  'an image without an SBOM attestation': { steps: [OWN, SBOM, signed(), rejected('SBOM attestation')] },
  "A4: a repository's own machine that answers to the name of GitHub's": {
    isolated: true,
    prepare: ({ selfHosted }) => void selfHosted.push({ name: 'ours', labels: ['ubuntu-24.04'], jobs: ['build'] }),
    steps: [
      notBuilt(
        'builder / plan: success',
        'builder / build: success',
        `builder / provenance: failure | Not every job ran on a machine of GitHub's (builder / build): the build is not attested. Take the label ubuntu-24.04 off the repository's own runners. | ${EXIT_1}`,
        '',
        'registry 1',
        'nothing',
      ),
    ],
  },
  'A6: a registry without its credentials': {
    isolated: true,
    prepare: ({ secrets, variables }) => {
      secrets.clear();
      variables.clear();
    },
    steps: [
      notBuilt(
        'builder / plan: success',
        `builder / build: failure | Username and password required | The build did not start. | ${EXIT_1}`,
        'builder / provenance: skipped',
        '',
        'nothing',
      ),
    ],
  },
  'what the registry does not have': {
    steps: [
      OWN,
      SBOM,
      {
        stage: 'sbom',
        inputs: { digest: OTHER },
        ends: ['sbom: failure | An error occurred running Syft', '', 'nothing'],
      },
      refused('scan', { sbom_sha256: '0'.repeat(64) }, "The SBOM's hash is SHA256, not the one that was asked for."),
      {
        stage: 'scan',
        inputs: { sbom_artifact: 'nothing' },
        ends: ['scan: failure | Unable to download artifact(s): Artifact not found for name: nothing', '', 'nothing'],
      },
      // cosign signs what a registry has not: `SignedUnknown`. The App holds the report against what it asked for.
      {
        ...signed(),
        inputs: { digest: OTHER },
        ends: [...signed().ends.slice(0, 3), 'Sign reports on SHA256, but was asked about SHA256.'],
      },
      refused('attest', { sbom_sha256: '0'.repeat(64) }, "The SBOM's hash is SHA256, not the one that was asked for."),
      refused('verify', { digest: OTHER }),
      refused('verify', { image: '127.0.0.1:1/none/there' }),
    ],
  },
  'an image in ghcr.io': { registry: 'ghcr.io', steps: [OWN, SBOM, signed(), attested(), VERIFIED] },
  'an image in ghcr.io, by an isolated builder': {
    registry: 'ghcr.io',
    isolated: true,
    steps: [built('public_log', ISOLATED), SBOM, signed(), attested(), VERIFIED],
  },
  'inputs that would like to be commands': {
    steps: [
      OWN,
      SBOM,
      refused('sbom', { image: '$(touch /tmp/x)' }, NAMELESS),
      refused('sign', { image: '$(id)/x' }, NAMELESS),
      refused('attest', { image: '$(id)/x' }, NAMELESS),
      refused('verify', { image: '$(id)/x' }, NAMELESS),
      refused('sign', { signing: '"; exit 0 #' }, 'Not a way to sign that this stage knows.'),
      rejected('signature', { sign_file: '$(id).yml' }),
    ],
  },
};

/** Sandboxes for the kinds of scenarios. */
export async function boxes(
  options: Pick<SandboxOptions, 'realTools'> = {},
): Promise<{ readonly boxOf: (scenario: Scenario) => Sandbox; readonly stop: () => Promise<unknown> }> {
  const start = (): Promise<Sandbox> => Sandbox.start({ kind: true, queueMs: 0, ...options });
  const [own, isolated, closed] = await Promise.all([start(), start(), start()]);
  await isolated.createBuilder();
  closed.registry.isPrivate = true;
  return {
    boxOf: (scenario) => (scenario.closed === true ? closed : scenario.isolated === true ? isolated : own),
    stop: () => Promise.all([own.stop(), isolated.stop(), closed.stop()]),
  };
}

/** One line of each job, then of the files, then of the result, without what differs from run to run. */
export function endsOf({ run, reading, files, left }: Ran, chain: Chain): string[] {
  const plain = (text: string): string =>
    text
      .replaceAll(chain.repository.name, 'NAME')
      .replaceAll(chain.commit, 'COMMIT')
      .replaceAll(chain.commit.slice(0, 7), 'COMMIT')
      .replaceAll(/127\.0\.0\.1:\d{3,}|\bghcr\.io(?=\/)/g, 'REGISTRY')
      .replaceAll(/\b(?:sha256:)?[0-9a-f]{64}\b/g, 'SHA256')
      .replaceAll(/"logIndex":"\d+"/g, '"logIndex":"N"');
  return [
    ...run.jobs.map(({ name, conclusion, annotations }) =>
      [`${name}: ${conclusion}`, ...annotations.map(({ message }) => message.split('\n')[0])].join(' | '),
    ),
    files.join(' '),
    ...(Object.values(left).some((count) => count > 0)
      ? [
          Object.entries(left)
            .filter(([, count]) => count > 0)
            .map(([what, count]) => `${what} ${count}`)
            .join(', '),
        ]
      : []),
    reading === null ? 'nothing' : reading.kind === 'read' ? JSON.stringify(reading.result) : reading.problem.message,
  ].map(plain);
}
