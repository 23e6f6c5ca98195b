/** Each stage's reader over artifacts of its own: a good one, and every kind of bad one. */
import { describe, expect, it } from '@jest/globals';
import { toReportFile } from '../../src/adapters/github/artifact-archive.ts';
import { BUILDX_METADATA, PROVENANCE, PROVENANCE_PREDICATE, readBuild } from '../../src/domain/build/build-result.ts';
import { CommitSha, Digest } from '../../src/domain/git.ts';
import { MEGALINTER_JSON, MEGALINTER_SARIF } from '../../src/domain/lint/megalinter-json.ts';
import { readLint } from '../../src/domain/lint/read-megalinter.ts';
import { parseSarif } from '../../src/domain/lint/read-sarif.ts';
import { readSbom, SBOM_FILE } from '../../src/domain/sbom/sbom-result.ts';
import { GRYPE_REPORT, readScan } from '../../src/domain/scan/read-grype.ts';
import {
  ATTESTATION_BUNDLE,
  ATTESTATION_VERIFY,
  COSIGN_VERIFY,
  CYCLONEDX_PREDICATE,
  readAttest,
  readSign,
  readVerify,
  SIGNATURE_BUNDLE,
} from '../../src/domain/signature/signature-result.ts';
import { readStageResult } from '../../src/domain/stage/stage-outcome.ts';
import {
  STAGE_REPORT_FILE,
  type Reading,
  type ReportFiles,
  type StageExpectation,
} from '../../src/domain/stage/stage-report.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../../src/domain/stage/stage-table.ts';

const COMMIT = CommitSha.parse('c'.repeat(40));
const OTHER_COMMIT = 'd'.repeat(40);
const HEX = '1'.repeat(64);
const DIGEST = Digest.parse(`sha256:${HEX}`);
const OTHER_HEX = '2'.repeat(64);
const OTHER_DIGEST = `sha256:${OTHER_HEX}`;
const SBOM_SHA256 = 'b'.repeat(64);
const IMAGE = 'ghcr.io/acme/app';
const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

const json = (value: unknown): string => JSON.stringify(value);
const sha256Of = (text: string): string => toReportFile(Buffer.from(text)).sha256;

type Reader = (files: ReportFiles, expected: StageExpectation, conclusion: string) => Reading<unknown>;
/** Texts by file name. */
type Artifact = Readonly<Record<string, string>>;

const filesOf = (artifact: Artifact): ReportFiles =>
  new Map(Object.entries(artifact).map(([name, text]) => [name, toReportFile(Buffer.from(text))]));

const linter = (name: string, status: 'success' | 'warning' | 'error', errors: number): object => ({
  descriptor_id: name.split('_')[0],
  name,
  status,
  return_code: status === 'error' ? 1 : 0,
  number_errors: errors === 0 ? 0 : 1,
  total_number_errors: errors,
  total_number_warnings: 0,
  files: ['a.sh', 'b.sh'],
  files_number: 2,
});
const megaLinter = (linters: readonly object[], returnCode: number): string =>
  json({ linters, status: returnCode === 0 ? 'success' : 'error', return_code: returnCode, reporters: [] });

const CLEAN_LINT = megaLinter([linter('BASH_SHELLCHECK', 'success', 0), linter('SPELL_CSPELL', 'warning', 3)], 0);
const FAILED_LINT = megaLinter([linter('BASH_SHELLCHECK', 'error', 4), linter('SPELL_CSPELL', 'warning', 3)], 1);

const sarif = (results: readonly object[], rules: readonly object[] = []): string =>
  json({ version: '2.1.0', runs: [{ tool: { driver: { name: 'shellcheck', rules } }, results }] });
const sarifResult = (ruleId: string, level?: string): object => ({
  ruleId,
  ...(level === undefined ? {} : { level }),
  message: { text: `About ${ruleId}` },
  locations: [{ physicalLocation: { artifactLocation: { uri: 'a.sh' }, region: { startLine: 7 } } }],
});

const METADATA = {
  'buildx.build.warnings': [{}, {}],
  'containerimage.digest': DIGEST,
  'containerimage.descriptor': { digest: DIGEST, size: 856 },
  'image.name': `${IMAGE}:main-abc1234`,
};

const SBOM = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: { component: { type: 'container', name: IMAGE, version: DIGEST } },
  components: [{ name: 'a', components: [{ name: 'b' }] }, { name: 'c' }],
};

const match = (id: string, severity: string | undefined, artifact: object): object => ({
  vulnerability: { id, ...(severity === undefined ? {} : { severity }), fix: { versions: ['2.0'], state: 'fixed' } },
  artifact: { name: 'openssl', version: '1.0', purl: 'pkg:deb/openssl@1.0', ...artifact },
});
const grype = (matches: readonly object[], more: object = {}): string =>
  json({ matches, descriptor: { name: 'grype', version: '0.110.0', db: { built: '2026-08-01T00:00:00Z' } }, ...more });

const GOOD_SCAN = grype(
  [
    match('CVE-2026-1', 'High', { locations: [{ path: '/usr/lib/a' }] }),
    match('CVE-2026-1', 'High', { locations: [{ path: '/usr/lib/b' }] }),
    match('CVE-2026-2', 'Critical', { name: 'zlib', purl: 'pkg:deb/zlib@1.0' }),
  ],
  { ignoredMatches: [{}] },
);

const statement = (predicateType: string, hexes: readonly string[] = [HEX]): object => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: hexes.map((sha256) => ({ name: IMAGE, digest: { sha256 } })),
  predicateType,
  predicate: {},
});

/** Provenance that nobody signed. */
const UNSIGNED = json(statement(PROVENANCE_PREDICATE));

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const envelope = (payload: string): object => ({
  payloadType: 'application/vnd.in-toto+json',
  payload: base64(payload),
  signatures: [{ sig: 'MEUCIQ==' }],
});
const bundle = (dsseEnvelope: object, more: object = {}): string =>
  json({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { certificate: { rawBytes: 'MIIB' }, tlogEntries: [{ logIndex: '658949562' }] },
    dsseEnvelope,
    ...more,
  });
const bundleOf = (predicateType: string, hexes: readonly string[] = [HEX]): string =>
  bundle(envelope(json(statement(predicateType, hexes))));

const cosignVerify = (digest: string): object => ({
  critical: {
    identity: { 'docker-reference': IMAGE },
    image: { 'docker-manifest-digest': digest },
    type: SIGN_PREDICATE,
  },
  optional: null,
});
const attestationVerify = (predicateType: string, ...subjects: string[]): object => ({ predicateType, subjects });

interface Case {
  readonly stage: Stage;
  readonly reader: Reader;
  readonly digest: boolean;
  readonly sbom: boolean;
  /** What stage.json says besides the common words. */
  readonly says: object;
  readonly reports: Artifact;
  readonly result: unknown;
}

const GOOD_SBOM = json(SBOM);
const GOOD_SIGNATURE = bundleOf(SIGN_PREDICATE);
const GOOD_ATTESTATION = bundleOf(CYCLONEDX_PREDICATE);

const CASES: readonly Case[] = [
  {
    stage: 'lint',
    reader: readLint,
    digest: false,
    sbom: false,
    says: {},
    reports: { [MEGALINTER_JSON]: CLEAN_LINT },
    result: {
      linters: 2,
      files: 2,
      errors: 0,
      warnings: 3,
      failedLinters: [],
      findings: [],
      findingsFrom: 'no_sarif',
    },
  },
  {
    stage: 'build',
    reader: readBuild,
    digest: false,
    sbom: false,
    says: {},
    reports: { [BUILDX_METADATA]: json(METADATA), [PROVENANCE]: UNSIGNED },
    result: {
      kind: 'built',
      image: `${IMAGE}:main-abc1234`,
      digest: DIGEST,
      warnings: 2,
      signing: 'none',
      provenanceSha256: sha256Of(UNSIGNED),
    },
  },
  {
    stage: 'sbom',
    reader: readSbom,
    digest: true,
    sbom: false,
    says: { subject: DIGEST, sbomSha256: sha256Of(GOOD_SBOM) },
    reports: { [SBOM_FILE]: GOOD_SBOM },
    result: { specVersion: '1.6', components: 3, sha256: sha256Of(GOOD_SBOM) },
  },
  {
    stage: 'scan',
    reader: readScan,
    digest: true,
    sbom: true,
    says: { subject: DIGEST, sbomSha256: SBOM_SHA256 },
    reports: { [GRYPE_REPORT]: GOOD_SCAN },
    result: {
      counts: { critical: 1, high: 1, medium: 0, low: 0, negligible: 0, unknown: 0 },
      matches: 3,
      ignored: 1,
      worst: [
        {
          id: 'CVE-2026-2',
          severity: 'critical',
          package: 'zlib',
          version: '1.0',
          fixedIn: '2.0',
          location: null,
          url: null,
        },
        {
          id: 'CVE-2026-1',
          severity: 'high',
          package: 'openssl',
          version: '1.0',
          fixedIn: '2.0',
          location: '/usr/lib/a',
          url: null,
        },
      ],
      databaseBuilt: '2026-08-01T00:00:00Z',
      sbomSha256: SBOM_SHA256,
    },
  },
  {
    stage: 'sign',
    reader: readSign,
    digest: true,
    sbom: false,
    says: { subject: DIGEST },
    reports: { [SIGNATURE_BUNDLE]: GOOD_SIGNATURE },
    result: { digest: DIGEST, logIndex: '658949562', bundleSha256: sha256Of(GOOD_SIGNATURE) },
  },
  {
    stage: 'attest',
    reader: readAttest,
    digest: true,
    sbom: true,
    says: { subject: DIGEST, sbomSha256: SBOM_SHA256 },
    reports: { [ATTESTATION_BUNDLE]: GOOD_ATTESTATION },
    result: {
      digest: DIGEST,
      logIndex: '658949562',
      bundleSha256: sha256Of(GOOD_ATTESTATION),
      sbomSha256: SBOM_SHA256,
    },
  },
  {
    stage: 'verify',
    reader: readVerify,
    digest: true,
    sbom: false,
    says: { subject: DIGEST },
    reports: {
      [COSIGN_VERIFY]: json([cosignVerify(DIGEST)]),
      [ATTESTATION_VERIFY]: json([attestationVerify(CYCLONEDX_PREDICATE, DIGEST)]),
    },
    result: { kind: 'verified', signatures: 1, attestations: 1 },
  },
];

const caseOf = (stage: Stage): Case => {
  const found = CASES.find((each) => each.stage === stage);
  if (found === undefined) throw new Error(`no case for ${stage}`);
  return found;
};

const stageReport = ({ stage, says }: Case): Record<string, unknown> => ({
  schemaVersion: 1,
  stage,
  commit: COMMIT,
  exitCode: 0,
  tool: { name: 'tool', version: '1.0' },
  ...says,
});

const expectationOf = ({ stage, digest, sbom }: Case): StageExpectation => ({
  stage,
  commit: COMMIT,
  digest: digest ? DIGEST : null,
  sbomSha256: sbom ? SBOM_SHA256 : null,
  imageName: IMAGE,
});

interface Change {
  /** Words of stage.json that are other than they should be. */
  readonly says?: object;
  /** Files by name, in place of or beside the good ones; null takes one away. */
  readonly files?: Readonly<Record<string, string | null>>;
  readonly conclusion?: string;
}

/** Reads the good artifact of a stage with one thing changed. */
function readChanged(stage: Stage, { says = {}, files = {}, conclusion = 'success' }: Change = {}): Reading<unknown> {
  const good = caseOf(stage);
  const artifact: Record<string, string> = {
    [STAGE_REPORT_FILE]: json({ ...stageReport(good), ...says }),
    ...good.reports,
  };
  for (const [name, text] of Object.entries(files)) {
    if (text === null) Reflect.deleteProperty(artifact, name);
    else artifact[name] = text;
  }
  return good.reader(filesOf(artifact), expectationOf(good), conclusion);
}

/** An unusable artifact: which code, and what its sentence must name. */
const unusable = (code: string, ...names: readonly string[]): object => ({
  kind: 'unusable',
  problem: {
    code,
    blame: expect.stringMatching(/^(repository|person|nobody_here)$/),
    message: expect.stringMatching(new RegExp(names.map((name) => `(?=.*${RegExp.escape(name)})`).join(''), 's')),
    next: expect.stringMatching(/.{20,}/),
  },
});

const isRead = (result: unknown): object => ({ kind: 'read', result });

const DEEP = '['.repeat(100_000) + ']'.repeat(100_000);
/** An object's text with one more, very deep, value in it. */
const withDeepValue = (text: string): string => `${text.trimEnd().slice(0, -1)},"deep":${DEEP}}`;

/** What no report may be, whatever its stage. */
const BROKEN: readonly (readonly [what: string, text: string, why: string])[] = [
  ['is empty', '', 'is empty'],
  ['is blank', ' \n\t ', 'is empty'],
  ['is no JSON', 'panic: runtime error', 'is not JSON'],
  ['is cut in the middle', '{"linters": [{"name": "BASH_', 'is not JSON'],
  ['is two documents', '{}\n{}', 'is not JSON'],
  ['holds a raw control character', '{"name": "a\u0007b"}', 'is not JSON'],
  ['nests 100,000 deep', DEEP, 'is not JSON'],
  ['is null', 'null', 'is not what was expected at its top level'],
  ['is a string', '"clean"', 'is not what was expected at its top level'],
  ['is UTF-16', Buffer.from('{"linters": []}', 'utf16le').toString('latin1'), 'is not JSON'],
];

describe.each(CASES)('the reader of $stage', (good) => {
  const { stage } = good;
  const { title } = STAGE_TABLE[stage];
  const reports = Object.keys(good.reports);

  it('reads a good artifact', () => {
    expect(readChanged(stage)).toEqual(isRead(good.result));
  });

  it('is the one that the table of readers holds for it', () => {
    const artifact = { [STAGE_REPORT_FILE]: json(stageReport(good)), ...good.reports };
    expect(readStageResult(stage, filesOf(artifact), expectationOf(good), 'success')).toEqual(isRead(good.result));
  });

  it('reads an artifact whose files begin with a byte order mark', () => {
    const files = Object.entries({ [STAGE_REPORT_FILE]: json(stageReport(good)) });
    const marked = Object.fromEntries(files.map(([name, text]) => [name, `\ufeff${text}`]));
    expect(readChanged(stage, { files: marked })).toEqual(isRead(good.result));
  });

  it('never looks at the other files of an artifact', () => {
    const files = { 'README.md': '', '../stage.json': '{}', [`x/${STAGE_REPORT_FILE}`]: 'null' };
    expect(readChanged(stage, { files })).toEqual(isRead(good.result));
  });

  it('names stage.json where it is missing', () => {
    expect(readChanged(stage, { files: { [STAGE_REPORT_FILE]: null } })).toEqual(
      unusable('artifact_missing', title, STAGE_REPORT_FILE),
    );
  });

  it('names the first missing file where the artifact is empty', () => {
    expect(good.reader(new Map(), expectationOf(good), 'success')).toEqual(
      unusable('artifact_missing', title, STAGE_REPORT_FILE),
    );
  });

  it.each(BROKEN)('names stage.json where it %s', (_, text, why) => {
    expect(readChanged(stage, { files: { [STAGE_REPORT_FILE]: text } })).toEqual(
      unusable('report_unreadable', title, `${STAGE_REPORT_FILE} ${why}`),
    );
  });

  it('refuses a stage.json with a value that nests 100,000 deep', () => {
    expect(readChanged(stage, { files: { [STAGE_REPORT_FILE]: withDeepValue(json(stageReport(good))) } })).toEqual(
      unusable('report_unreadable', title, `${STAGE_REPORT_FILE} is not JSON`),
    );
  });

  it.each<readonly [string, object, string]>([
    ['has an unknown key', { all_verified: true }, 'all_verified'],
    ['is of another schema version', { schemaVersion: 2 }, 'schemaVersion'],
    ['has no exit code', { exitCode: undefined }, 'exitCode'],
    ['has an exit code in words', { exitCode: '0' }, 'exitCode'],
    ['has half an exit code', { exitCode: 0.5 }, 'exitCode'],
    ['names a stage that there is not', { stage: 'deploy' }, 'stage'],
    ['names a branch as its commit', { commit: 'main' }, 'commit'],
    ['names a tag as its image', { subject: 'latest' }, 'subject'],
    ['names half a hash as its SBOM', { sbomSha256: 'b'.repeat(32) }, 'sbomSha256'],
    ['has no tool', { tool: undefined }, 'tool'],
  ])('names stage.json where it %s', (_, says, where) => {
    expect(readChanged(stage, { says })).toEqual(unusable('report_unreadable', title, STAGE_REPORT_FILE, where));
  });

  it.each(STAGES.filter((other) => other !== stage))('refuses the report of %s', (other) => {
    expect(readChanged(stage, { says: { stage: other } })).toEqual(
      unusable('wrong_subject', `${title} reports on ${other}, but was asked about ${stage}`),
    );
  });

  it('refuses the report of another commit', () => {
    expect(readChanged(stage, { says: { commit: OTHER_COMMIT } })).toEqual(
      unusable('wrong_subject', title, `commit ${OTHER_COMMIT}`, `commit ${COMMIT}`),
    );
  });

  it.each(reports)('names %s where it is missing', (file) => {
    expect(readChanged(stage, { files: { [file]: null } })).toEqual(unusable('artifact_missing', title, file));
  });

  it.each(reports.flatMap((file) => BROKEN.map(([what, text, why]) => [file, what, text, why] as const)))(
    'names %s where it %s',
    (file, _, text, why) => {
      // Another hash is another document: that an SBOM is broken is said all the same.
      const says = stage === 'sbom' ? { sbomSha256: sha256Of(text) } : {};
      expect(readChanged(stage, { says, files: { [file]: text } })).toEqual(
        unusable('report_unreadable', title, `${file} ${why}`),
      );
    },
  );

  it.each(reports)('T23: refuses a %s with a value that nests 100,000 deep', (file) => {
    const text = good.reports[file] ?? '';
    const deep = text.startsWith('[') ? `[${DEEP},${text.slice(1)}` : withDeepValue(text);
    expect(readChanged(stage, { files: { [file]: deep } })).toEqual(
      unusable('report_unreadable', title, `${file} is not JSON`),
    );
  });

  it.each(reports)('T23: leaves the prototype of objects alone, whatever %s says', (file) => {
    const poisoned = `{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}`;
    expect(readChanged(stage, { files: { [file]: poisoned } }).kind).toBe('unusable');
    expect(readChanged(stage, { files: { [STAGE_REPORT_FILE]: poisoned } }).kind).toBe('unusable');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

const CASES_ABOUT_AN_IMAGE = CASES.filter(({ digest }) => digest);
const CASES_ABOUT_AN_SBOM = CASES.filter(({ sbom }) => sbom);

describe.each(CASES_ABOUT_AN_IMAGE)('the reader of $stage, asked about an image', ({ stage }) => {
  it('refuses the report of another image', () => {
    expect(readChanged(stage, { says: { subject: OTHER_DIGEST } })).toEqual(
      unusable('wrong_subject', STAGE_TABLE[stage].title, OTHER_DIGEST, DIGEST),
    );
  });

  it('refuses the report of no image', () => {
    expect(readChanged(stage, { says: { subject: undefined } })).toEqual(
      unusable('wrong_subject', STAGE_TABLE[stage].title, 'no image', DIGEST),
    );
  });
});

describe.each(CASES_ABOUT_AN_SBOM)('the reader of $stage, asked about an SBOM', ({ stage }) => {
  it('refuses the report of another SBOM', () => {
    expect(readChanged(stage, { says: { sbomSha256: OTHER_HEX } })).toEqual(
      unusable('wrong_subject', STAGE_TABLE[stage].title, `SBOM ${OTHER_HEX}`, `SBOM ${SBOM_SHA256}`),
    );
  });

  it('refuses the report of no SBOM', () => {
    expect(readChanged(stage, { says: { sbomSha256: undefined } })).toEqual(
      unusable('wrong_subject', STAGE_TABLE[stage].title, 'SBOM (none)', `SBOM ${SBOM_SHA256}`),
    );
  });
});

/** These tools have nothing to say but "done": any other end contradicts a report that looks good. */
const FINISHING = ['sbom', 'scan', 'sign', 'attest', 'verify'] as const;
const ENDS_THAT_ARE_NONE: readonly (readonly [exitCode: number, conclusion: string])[] = [
  [1, 'success'],
  [0, 'failure'],
  [0, 'timed_out'],
  [0, 'none'],
  [2, 'failure'],
  [-1, 'failure'],
];

describe.each(FINISHING)('a good report of %s', (stage) => {
  it.each(ENDS_THAT_ARE_NONE)('contradicts exit code %i of a stage run that ended %s', (exitCode, conclusion) => {
    expect(readChanged(stage, { says: { exitCode }, conclusion })).toEqual(
      unusable('report_contradicts', STAGE_TABLE[stage].title, conclusion),
    );
  });
});

describe('a clean scan', () => {
  it('is read where grype and its run ended well', () => {
    const reading = readChanged('scan', { files: { [GRYPE_REPORT]: grype([]) } });
    expect(reading).toMatchObject(isRead({ matches: 0, worst: [] }));
  });

  it.each([1, 2])('is no result where grype ended with exit code %i', (exitCode) => {
    expect(readChanged('scan', { says: { exitCode }, files: { [GRYPE_REPORT]: grype([]) } })).toEqual(
      unusable('report_contradicts', 'Scan', `exit code ${exitCode}`),
    );
  });
});

describe('the reader of lint', () => {
  const failed = { [MEGALINTER_JSON]: FAILED_LINT };

  it.each([
    [1, 'failure'],
    [1, 'success'],
  ])('counts the errors of a failed linter (exit code %i, run ended %s)', (exitCode, conclusion) => {
    expect(readChanged('lint', { says: { exitCode }, files: failed, conclusion })).toMatchObject(
      isRead({ linters: 2, errors: 4, warnings: 3, failedLinters: [{ linter: 'BASH_SHELLCHECK', errors: 4 }] }),
    );
  });

  it('counts one error at least of a linter that failed without naming one', () => {
    const files = { [MEGALINTER_JSON]: megaLinter([linter('BASH_SHELLCHECK', 'error', 0)], 1) };
    expect(readChanged('lint', { says: { exitCode: 1 }, files, conclusion: 'failure' })).toMatchObject(
      isRead({ errors: 1, failedLinters: [{ linter: 'BASH_SHELLCHECK', errors: 1 }] }),
    );
  });

  it.each([
    [1, 'failure', 'exit code 1'],
    [137, 'success', 'exit code 137'],
    [0, 'failure', 'failure'],
    [0, 'timed_out', 'timed_out'],
  ])(
    'finds that a report without error contradicts exit code %i of a run that ended %s',
    (exitCode, conclusion, it) => {
      expect(readChanged('lint', { says: { exitCode }, conclusion })).toEqual(
        unusable('report_contradicts', 'Lint', it),
      );
    },
  );

  // stages.md 00: the overall return code is 1 on an error, and is the step's exit code: 0 is another run's report.
  it('finds that a report with errors contradicts exit code 0', () => {
    expect(readChanged('lint', { says: { exitCode: 0 }, files: failed })).toEqual(
      unusable('report_contradicts', 'Lint', 'exit code 0'),
    );
  });

  it('finds that a return code of MegaLinter contradicts linters of which none failed', () => {
    const files = { [MEGALINTER_JSON]: megaLinter([linter('BASH_SHELLCHECK', 'success', 0)], 1) };
    expect(readChanged('lint', { says: { exitCode: 1 }, files, conclusion: 'failure' })).toEqual(
      unusable('report_contradicts', 'Lint', 'MegaLinter returned 1'),
    );
  });

  it('refuses a report of no linter at all', () => {
    expect(readChanged('lint', { files: { [MEGALINTER_JSON]: megaLinter([], 0) } })).toMatchObject({
      kind: 'unusable',
      problem: { code: 'report_contradicts', blame: 'person', message: expect.stringContaining('no linter at all') },
    });
  });

  it.each([
    ['the reference reads', { linters_failed: 0, summary: { linters_run: 5, linters_failed: 0 } }],
    ['has an unknown status', { linters: [{ name: 'A', status: 'skipped' }], status: 'success', return_code: 0 }],
    ['has no return code', { linters: [linter('A', 'success', 0)], status: 'success' }],
    [
      'has a negative count',
      { linters: [{ ...linter('A', 'success', 0), total_number_errors: -1 }], status: 'success', return_code: 0 },
    ],
  ])("refuses a document that %s under the name of MegaLinter's JSON", (_, document) => {
    expect(readChanged('lint', { files: { [MEGALINTER_JSON]: json(document) } })).toEqual(
      unusable('report_unreadable', 'Lint', MEGALINTER_JSON),
    );
  });

  it('reads a report whose names hold more brackets than JSON may nest', () => {
    const name = `${'[{'.repeat(300)}\\"`;
    const files = { [MEGALINTER_JSON]: megaLinter([linter(name, 'success', 0)], 0) };
    expect(readChanged('lint', { files })).toMatchObject(isRead({ linters: 1, errors: 0 }));
  });

  it.each([
    ['is empty', ''],
    ['is no JSON', '<html>'],
    ['is cut in the middle', '{"runs": ['],
    ['has a raw control character', sarif([]).replace('shellcheck', 'shell\u0001check')],
    ['nests 100,000 deep', DEEP],
    ['is another format', CLEAN_LINT],
    ['has a run without a tool', json({ version: '2.1.0', runs: [{ results: [] }] })],
  ])('says that SARIF which %s could not be read, and lets the JSON decide', (_, text) => {
    expect(readChanged('lint', { files: { [MEGALINTER_SARIF]: text } })).toMatchObject(
      isRead({ errors: 0, findings: [], findingsFrom: 'unreadable_sarif' }),
    );
  });

  it('shows findings of SARIF, the worst first, and none that is suppressed', () => {
    const suppressed = { ...sarifResult('S0', 'error'), suppressions: [{ kind: 'inSource' }] };
    const text = sarif([sarifResult('N1', 'note'), suppressed, sarifResult('W1'), sarifResult('E1', 'error')]);
    expect(readChanged('lint', { files: { [MEGALINTER_SARIF]: text } })).toMatchObject(
      isRead({
        findingsFrom: 'sarif',
        findings: [
          { linter: 'shellcheck', rule: 'E1', file: 'a.sh', line: 7, message: 'About E1' },
          { rule: 'W1' },
          { rule: 'N1' },
        ],
      }),
    );
  });

  it('takes back the names that a report grew by being linted itself', () => {
    const text = sarif([sarifResult('E1', 'error')]).replace(
      '"shellcheck"',
      '"shellcheck (MegaLinter BASH_SHELLCHECK) (MegaLinter BASH_SHELLCHECK)"',
    );
    expect(parseSarif(text)).toMatchObject([{ linter: 'shellcheck' }]);
  });

  // stages.md, survival list: "SARIF level default comes from rule.defaultConfiguration, else warning".
  it("takes a finding's severity from its rule where the finding names none", () => {
    const rules = [
      { id: 'E1', defaultConfiguration: { level: 'error' } },
      { id: 'N1', defaultConfiguration: { level: 'note' } },
    ];
    const found = parseSarif(sarif([sarifResult('N1'), sarifResult('W1'), sarifResult('E1')], rules)) ?? [];
    expect(found.map(({ rule }) => rule)).toEqual(['E1', 'W1', 'N1']);
  });
});

describe('the reader of build', () => {
  const metadata = (changes: object): Change => ({ files: { [BUILDX_METADATA]: json({ ...METADATA, ...changes }) } });

  it.each([
    ['failure', '{}'],
    ['failure', json(METADATA)],
    ['success', json(METADATA)],
  ])('reads exit code 1 as a failed build (run ended %s, metadata %s)', (conclusion, text) => {
    expect(readChanged('build', { says: { exitCode: 1 }, files: { [BUILDX_METADATA]: text }, conclusion })).toEqual(
      isRead({ kind: 'failed', exitCode: 1 }),
    );
  });

  // evidence.md, step 5: the Actions run that produced the image concluded `success`. readBuild never looks.
  it.each(['failure', 'timed_out', 'none'])(
    'finds that a built image contradicts a run that ended %s',
    (conclusion) => {
      expect(readChanged('build', { conclusion })).toEqual(unusable('report_contradicts', 'Build', conclusion));
    },
  );

  it('refuses exit code 0 without metadata', () => {
    expect(readChanged('build', { files: { [BUILDX_METADATA]: '{}' } })).toEqual(
      unusable('report_unreadable', 'Build', BUILDX_METADATA, 'containerimage.digest'),
    );
  });

  it.each([
    ['descriptor', { 'containerimage.descriptor': undefined }],
    ['name', { 'image.name': undefined }],
    ['name that says anything', { 'image.name': ',,' }],
  ])('refuses an image that was not pushed: it has no %s', (_, changes) => {
    expect(readChanged('build', metadata(changes))).toEqual(
      unusable('report_contradicts', 'Build', 'built but not pushed'),
    );
  });

  it('refuses two digests', () => {
    expect(readChanged('build', metadata({ 'containerimage.descriptor': { digest: OTHER_DIGEST } }))).toEqual(
      unusable('report_unreadable', 'Build', BUILDX_METADATA, 'two different digests'),
    );
  });

  it.each([
    ['another name', 'ghcr.io/acme/other:v1'],
    ['a longer name', 'ghcr.io/acme/app-evil:v1'],
    ['a shorter name', 'ghcr.io/acme/ap:v1'],
    ['another registry', 'docker.io/acme/app:v1'],
    ['another port of the registry', 'ghcr.io:5000/acme/app:v1'],
  ])('refuses an image that was pushed under %s', (_, name) => {
    expect(readChanged('build', metadata({ 'image.name': name }))).toEqual(
      unusable('wrong_subject', 'Build', name, IMAGE),
    );
  });

  it('finds its own name among several', () => {
    const names = { 'image.name': `docker.io/acme/app:v1,${IMAGE}:v1` };
    expect(readChanged('build', metadata(names))).toMatchObject(isRead({ kind: 'built', image: `${IMAGE}:v1` }));
  });

  it.each([
    ['of another image', json(statement(PROVENANCE_PREDICATE, ['0'.repeat(64)])), 'wrong_subject'],
    ['of another kind', json(statement('https://cyclonedx.org/bom')), 'wrong_subject'],
    ['that is no statement', '{}', 'report_unreadable'],
    ['that is empty', '', 'report_unreadable'],
  ])('refuses provenance %s', (_, provenance, code) => {
    expect(readChanged('build', { files: { [PROVENANCE]: provenance } })).toMatchObject({
      kind: 'unusable',
      problem: { code },
    });
  });

  it.each([`sha256:${'A'.repeat(64)}`, `sha512:${'1'.repeat(128)}`, HEX, `${DIGEST} `])(
    'refuses %s as a digest',
    (digest) => {
      const changes = { 'containerimage.digest': digest, 'containerimage.descriptor': { digest } };
      expect(readChanged('build', metadata(changes))).toEqual(
        unusable('report_unreadable', 'Build', BUILDX_METADATA, 'containerimage.digest'),
      );
    },
  );
});

describe('the reader of sbom', () => {
  /** An SBOM whose hash is rightly told. */
  const sbom = (changes: object): Change => {
    const text = json({ ...SBOM, ...changes });
    return { says: { sbomSha256: sha256Of(text) }, files: { [SBOM_FILE]: text } };
  };

  it.each([
    ['an empty list of components', { components: [] }],
    ['null for components', { components: null }],
    ['no components', { components: undefined }],
  ])('refuses an SBOM with %s', (_, changes) => {
    expect(readChanged('sbom', sbom(changes))).toMatchObject({
      kind: 'unusable',
      problem: { code: 'report_contradicts', blame: 'person', message: expect.stringContaining('no component') },
    });
  });

  it.each([OTHER_HEX, undefined])('refuses an SBOM whose hash stage.json calls %s', (hash) => {
    expect(readChanged('sbom', { says: { sbomSha256: hash } })).toEqual(
      unusable('wrong_subject', 'SBOM', sha256Of(GOOD_SBOM), hash ?? 'no hash'),
    );
  });

  it('refuses an SBOM that names another image', () => {
    const foreign = { metadata: { component: { name: IMAGE, version: OTHER_DIGEST } } };
    expect(readChanged('sbom', sbom(foreign))).toEqual(unusable('wrong_subject', 'SBOM', OTHER_DIGEST, DIGEST));
  });

  it.each([
    ['a tag', { metadata: { component: { name: IMAGE, version: 'v1' } } }],
    ['no version', { metadata: { component: { name: IMAGE, version: null } } }],
    ['no component', { metadata: { tools: null } }],
    ['no metadata', { metadata: null }],
  ])('reads an SBOM that names %s in place of an image', (_, changes) => {
    expect(readChanged('sbom', sbom(changes))).toMatchObject(isRead({ components: 3 }));
  });

  it.each(['1.4', '1.5', '1.6', '1.7'])('reads CycloneDX %s', (specVersion) => {
    expect(readChanged('sbom', sbom({ specVersion }))).toMatchObject(isRead({ specVersion }));
  });

  it.each([
    ['CycloneDX 1.3', { specVersion: '1.3' }, 'specVersion'],
    ['CycloneDX 1', { specVersion: '1' }, 'specVersion'],
    ['CDX', { bomFormat: 'CDX' }, 'bomFormat'],
    ['SPDX', { bomFormat: undefined, specVersion: undefined, spdxVersion: 'SPDX-2.3' }, 'bomFormat'],
  ])('refuses %s', (_, changes, where) => {
    expect(readChanged('sbom', sbom(changes))).toEqual(unusable('report_unreadable', 'SBOM', SBOM_FILE, where));
  });
});

describe('the reader of scan', () => {
  const scanned = (matches: readonly object[], more: object = {}): Reading<unknown> =>
    readChanged('scan', { files: { [GRYPE_REPORT]: grype(matches, more) } });
  const none = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };

  it('counts a vulnerability once for each package, with its worst severity', () => {
    const twice = [match('CVE-1', 'Low', {}), match('CVE-1', 'Critical', {}), match('CVE-1', 'Medium', {})];
    const elsewhere = match('CVE-1', 'High', { name: 'libssl', purl: 'pkg:deb/libssl@1.0' });
    expect(scanned([...twice, elsewhere])).toMatchObject(
      isRead({ counts: { ...none, critical: 1, high: 1 }, matches: 4 }),
    );
  });

  it('tells packages apart by name where there is no purl', () => {
    const packages = ['a', 'b'].map((name) => match('CVE-1', 'High', { name, purl: undefined }));
    expect(scanned(packages)).toMatchObject(isRead({ counts: { ...none, high: 2 }, matches: 2 }));
  });

  // grype writes `"purl": ""` where it knows none (TestJsonImgsPresenter.golden): these are two packages.
  it('tells packages apart by name where the purl is empty', () => {
    const packages = ['a', 'b'].map((name) => match('CVE-1', 'High', { name, purl: '' }));
    expect(scanned(packages)).toMatchObject(isRead({ counts: { ...none, high: 2 }, matches: 2 }));
  });

  it.each([undefined, '', 'Severe', 'Unknown'])('counts severity %j as unknown, and drops nothing', (severity) => {
    expect(scanned([match('CVE-1', severity, {})])).toMatchObject(
      isRead({ counts: { ...none, unknown: 1 }, matches: 1, worst: [{ id: 'CVE-1', severity: 'unknown' }] }),
    );
  });

  it('shows ten at most, and counts all', () => {
    const many = Array.from({ length: 200 }, (_, index) => match(`CVE-${index}`, index < 190 ? 'Low' : 'High', {}));
    const reading = scanned(many);
    expect(reading).toMatchObject(isRead({ counts: { ...none, low: 190, high: 10 }, matches: 200 }));
    expect(reading).toMatchObject(isRead({ worst: Array.from({ length: 10 }, () => ({ severity: 'high' })) }));
  });

  it.each([
    ['SARIF', { version: '2.1.0', runs: [] }],
    ['CycloneDX with vulnerabilities', { ...SBOM, vulnerabilities: [{ id: 'CVE-1' }] }],
    ["trivy's JSON", { SchemaVersion: 2, Results: [{ Vulnerabilities: null }] }],
    ['null for matches', { matches: null }],
    ['an error in place of matches', { error: 'failed to load vulnerability db' }],
  ])('refuses %s', (_, document) => {
    expect(readChanged('scan', { files: { [GRYPE_REPORT]: json(document) } })).toEqual(
      unusable('report_unreadable', 'Scan', GRYPE_REPORT, 'matches'),
    );
  });

  it.each(['http://example.org/x', 'javascript:alert(1)', 'https://user@example.org/x', 'https://example.org/)[x](y'])(
    'makes no link of %s',
    (dataSource) => {
      const found = { vulnerability: { id: 'CVE-1', severity: 'High', dataSource }, artifact: { name: 'a' } };
      expect(scanned([found])).toMatchObject(isRead({ worst: [{ id: 'CVE-1', url: null }] }));
    },
  );
});

const BUNDLES = [
  ['sign', SIGNATURE_BUNDLE, SIGN_PREDICATE],
  ['attest', ATTESTATION_BUNDLE, CYCLONEDX_PREDICATE],
] as const;

describe.each(BUNDLES)('the reader of %s', (stage, file, predicate) => {
  const { title } = STAGE_TABLE[stage];
  const given = (text: string): Reading<unknown> => readChanged(stage, { files: { [file]: text } });

  it('refuses a bundle about another image', () => {
    expect(given(bundleOf(predicate, [OTHER_HEX]))).toEqual(unusable('wrong_subject', title, OTHER_HEX, DIGEST));
  });

  it('finds its image among forty subjects', () => {
    const many = Array.from({ length: 39 }, (_, index) => index.toString(16).padStart(64, '0'));
    expect(given(bundleOf(predicate, [...many, HEX]))).toMatchObject(isRead({ digest: DIGEST }));
  });

  it('refuses a subject that is told by another hash alone', () => {
    const other = { ...statement(predicate), subject: [{ name: IMAGE, digest: { sha512: HEX, sha1: HEX } }] };
    expect(given(bundle(envelope(json(other))))).toEqual(unusable('wrong_subject', title, 'nothing', DIGEST));
  });

  it.each([
    ['is no base64', { ...envelope(''), payload: '%%%' }],
    ['is no UTF-8', { ...envelope(''), payload: Buffer.from([0x7b, 0xff, 0x7d]).toString('base64') }],
    ['is no JSON', envelope('hello')],
    ['nests 100,000 deep', envelope(DEEP)],
    ['is a simple-signing payload', envelope(json({ critical: { image: { 'docker-manifest-digest': DIGEST } } }))],
    ['is a statement of another version', envelope(json({ ...statement(predicate), _type: 'x' }))],
    ['is a statement without subject', envelope(json(statement(predicate, [])))],
    ['is a statement without predicate type', envelope(json({ ...statement(predicate), predicateType: undefined }))],
  ])('refuses a bundle whose payload %s', (_, dsseEnvelope) => {
    expect(given(bundle(dsseEnvelope))).toEqual(unusable('report_unreadable', title, file, 'in-toto statement'));
  });

  it('refuses a bundle whose payload is of another type', () => {
    const other = { ...envelope(json(statement(predicate))), payloadType: 'application/vnd.example+json' };
    expect(given(bundle(other))).toEqual(unusable('report_unreadable', title, file, 'in-toto statement'));
  });

  it.each([
    ['of another media type', { mediaType: 'application/json' }, 'mediaType'],
    ['of a later major version', { mediaType: 'application/vnd.dev.sigstore.bundle.v1.0+json' }, 'mediaType'],
    ['without verification material', { verificationMaterial: undefined }, 'verificationMaterial'],
    ['over a file', { dsseEnvelope: undefined, messageSignature: { signature: 'MEUC' } }, 'dsseEnvelope'],
    [
      'without signatures',
      { dsseEnvelope: { ...envelope(json(statement(predicate))), signatures: [] } },
      'dsseEnvelope.signatures',
    ],
  ])('refuses a bundle %s', (_, changes, where) => {
    expect(given(bundle(envelope(json(statement(predicate))), changes))).toEqual(
      unusable('report_unreadable', title, file, where),
    );
  });

  it.each([
    ['application/vnd.dev.sigstore.bundle+json;version=0.1'],
    ['application/vnd.dev.sigstore.bundle+json;version=0.2'],
    ['application/vnd.dev.sigstore.bundle+json;version=0.3'],
    ['application/vnd.dev.sigstore.bundle.v0.3+json'],
  ])('reads a bundle of type %s', (mediaType) => {
    expect(given(bundle(envelope(json(statement(predicate))), { mediaType }))).toMatchObject(
      isRead({ digest: DIGEST }),
    );
  });

  it.each([
    ['a number', [{ logIndex: 42 }], '42'],
    ['absent, with no log entry', [], null],
    ['absent, with no log at all', undefined, null],
  ])('reads a log index that is %s', (_, tlogEntries, logIndex) => {
    const material = { verificationMaterial: { tlogEntries } };
    expect(given(bundle(envelope(json(statement(predicate))), material))).toMatchObject(isRead({ logIndex }));
  });
});

describe('bundles of another kind', () => {
  it.each([SIGN_PREDICATE, 'https://slsa.dev/provenance/v1', 'https://spdx.dev/Document/v2.3'])(
    'are no attestation of an SBOM: %s',
    (predicate) => {
      expect(readChanged('attest', { files: { [ATTESTATION_BUNDLE]: bundleOf(predicate) } })).toEqual(
        unusable('wrong_subject', 'Attest', predicate, CYCLONEDX_PREDICATE),
      );
    },
  );

  // stages.md 04: cosign signs with one predicate type of its own. readAttest asks for its type, readSign for none.
  it.each([CYCLONEDX_PREDICATE, 'https://slsa.dev/provenance/v1'])('are no signature: %s', (predicate) => {
    expect(readChanged('sign', { files: { [SIGNATURE_BUNDLE]: bundleOf(predicate) } })).toEqual(
      unusable('wrong_subject', 'Sign', predicate),
    );
  });
});

describe('the reader of verify', () => {
  const verified = (signatures: readonly object[], attestations: readonly object[], change: Change = {}) =>
    readChanged('verify', {
      files: { [COSIGN_VERIFY]: json(signatures), [ATTESTATION_VERIFY]: json(attestations) },
      ...change,
    });
  const signature = cosignVerify(DIGEST);
  const attestation = attestationVerify(CYCLONEDX_PREDICATE, OTHER_DIGEST, DIGEST);

  it('counts what is about this image', () => {
    const signatures = [signature, cosignVerify(OTHER_DIGEST), signature];
    const attestations = [attestation, attestationVerify('https://slsa.dev/provenance/v1', DIGEST)];
    expect(verified(signatures, attestations)).toEqual(isRead({ kind: 'verified', signatures: 2, attestations: 1 }));
  });

  it.each<readonly [string, readonly object[], readonly object[], string]>([
    ['no signature', [], [attestation], 'no signature'],
    ['no attestation', [signature], [], 'no SBOM attestation'],
    ['neither', [], [], 'no signature'],
    ["another image's signature", [cosignVerify(OTHER_DIGEST)], [attestation], 'no signature'],
    [
      "another image's attestation",
      [signature],
      [attestationVerify(CYCLONEDX_PREDICATE, OTHER_DIGEST)],
      'no SBOM attestation',
    ],
    [
      'an attestation of another kind',
      [signature],
      [attestationVerify('https://slsa.dev/provenance/v1', DIGEST)],
      'no SBOM attestation',
    ],
  ])('rejects %s, whether or not its tools called that a success', (_, signatures, attestations, reason) => {
    const rejected = isRead({ kind: 'rejected', reason: expect.stringContaining(reason) });
    expect(verified(signatures, attestations)).toEqual(rejected);
    expect(verified(signatures, attestations, { says: { exitCode: 1 }, conclusion: 'failure' })).toEqual(rejected);
  });

  it.each([
    [COSIGN_VERIFY, '{"all_verified": true}', 'its top level'],
    [COSIGN_VERIFY, '[{"all_verified": true}]', '0.critical'],
    [ATTESTATION_VERIFY, '{"all_verified": true}', 'its top level'],
    [ATTESTATION_VERIFY, '[{"predicateType": "x", "subjects": []}]', '0.subjects'],
  ])('refuses %s that says %s', (file, text, where) => {
    expect(readChanged('verify', { files: { [file]: text } })).toEqual(
      unusable('report_unreadable', 'Verify', file, where),
    );
  });
});

/** A megabyte where a word is expected. */
const LONG = 'x'.repeat(1_000_000);
/** faults.md F27: what passes through workflow history stays below this, whatever an artifact says. */
const MAX_PAYLOAD = 32 * 1024;

describe('F27: what a reader hands on is small', () => {
  const many = <T>(make: (index: number) => T): T[] => Array.from({ length: 100 }, (_, index) => make(index));
  const hugeLint = {
    [MEGALINTER_JSON]: megaLinter(
      many((index) => linter(`${index}${LONG.slice(0, 10_000)}`, 'error', 1)),
      1,
    ),
    [MEGALINTER_SARIF]: sarif(
      many(() => ({
        ruleId: LONG.slice(0, 10_000),
        message: { text: LONG.slice(0, 10_000) },
        locations: [{ physicalLocation: { artifactLocation: { uri: LONG.slice(0, 10_000) } } }],
      })),
    ),
  };
  const hugeScan = grype(
    many((index) => match(`${index}${LONG.slice(0, 10_000)}`, 'High', { name: LONG.slice(0, 10_000) })),
    { descriptor: { db: { built: LONG } } },
  );
  const hugeNames = { ...METADATA, 'image.name': `${LONG}:v1` };
  const hugeVersion = json({ ...SBOM, metadata: { component: { version: `sha256:${LONG}` } } });

  it.each<readonly [string, Stage, Change]>([
    ['long linters and findings', 'lint', { says: { exitCode: 1 }, files: hugeLint, conclusion: 'failure' }],
    ['long vulnerabilities', 'scan', { files: { [GRYPE_REPORT]: hugeScan } }],
    ['a long foreign image', 'build', { files: { [BUILDX_METADATA]: json(hugeNames) } }],
    [
      'a long foreign subject',
      'sbom',
      { says: { sbomSha256: sha256Of(hugeVersion) }, files: { [SBOM_FILE]: hugeVersion } },
    ],
    ['a long foreign digest', 'sign', { files: { [SIGNATURE_BUNDLE]: bundleOf(SIGN_PREDICATE, [LONG]) } }],
    ['a long value of stage.json', 'lint', { says: { tool: { name: LONG, version: LONG } } }],
  ])('however large its artifact is: %s', (_, stage, change) => {
    expect(json(readChanged(stage, change)).length).toBeLessThan(MAX_PAYLOAD);
  });

  const hugeIndex = { verificationMaterial: { tlogEntries: [{ logIndex: LONG }] } };
  const hugeTag = { ...METADATA, 'image.name': `${IMAGE}:${LONG}` };
  const hugeBundle = bundle(envelope(json(statement(SIGN_PREDICATE))), hugeIndex);

  // Each of these goes into the activity's result at its full length, and Temporal refuses results over 2 MB.
  it.each<readonly [string, Stage, Change]>([
    ['a long unknown key of stage.json', 'lint', { says: { [LONG]: 1 } }],
    ['a long tag', 'build', { files: { [BUILDX_METADATA]: json(hugeTag) } }],
    ['a long log index', 'sign', { files: { [SIGNATURE_BUNDLE]: hugeBundle } }],
    ['a long predicate type', 'attest', { files: { [ATTESTATION_BUNDLE]: bundleOf(LONG) } }],
  ])('however large its artifact is: %s', (_, stage, change) => {
    expect(json(readChanged(stage, change)).length).toBeLessThan(MAX_PAYLOAD);
  });
});
