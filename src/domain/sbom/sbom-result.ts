/** What the image contains: a CycloneDX SBOM, reduced to what the run needs. */
import { z } from 'zod';
import {
  contradiction,
  read,
  readJsonFile,
  readStageReport,
  unusable,
  wrongSubject,
  Sha256Hex,
  type Reading,
  type ReportFiles,
  type StageExpectation,
} from '../stage/stage-report.ts';
import { problem, type Problem } from '../problem.ts';

export const SBOM_FILE = 'sbom.cdx.json';

/** syft writes 1.7 since v1.46.0 and wrote 1.6, 1.5 and 1.4 before; what is read here did not change between them. */
const SPEC_VERSIONS = ['1.4', '1.5', '1.6', '1.7'] as const;

export const SbomResult = z.object({
  specVersion: z.enum(SPEC_VERSIONS),
  /** Components at any depth. */
  components: z.number().int().positive(),
  /** SHA-256 of the file's bytes: what 03 must have scanned and 05 attested. */
  sha256: Sha256Hex,
  /** Of its RFC 8785 form: what an attestation of the same document has, however it is written there. */
  canonicalSha256: Sha256Hex.optional(),
});
export type SbomResult = z.infer<typeof SbomResult>;

interface Component {
  components?: Component[] | null | undefined;
}
const Component: z.ZodType<Component> = z.lazy(() => z.object({ components: z.array(Component).nullish() }));

export const CycloneDx = z.object({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.enum(SPEC_VERSIONS),
  components: z.array(Component).nullish(),
  metadata: z
    .object({ component: z.object({ name: z.string().nullish(), version: z.string().nullish() }).nullish() })
    .nullish(),
});

export type CycloneDx = z.infer<typeof CycloneDx>;

export function readSbom(files: ReportFiles, expected: StageExpectation, conclusion: string): Reading<SbomResult> {
  const stageReport = readStageReport(files, expected);
  if (stageReport.kind === 'unusable') return stageReport;
  const { exitCode, sbomSha256 } = stageReport.result;
  if (exitCode !== 0 || conclusion !== 'success') {
    const ended = `the stage run ended ${conclusion} and its tool with exit code ${exitCode}`;
    return unusable(contradiction('sbom', `${ended}: a partial SBOM is not an SBOM`));
  }
  const document = readJsonFile(files, 'sbom', SBOM_FILE, CycloneDx);
  if (document.kind === 'unusable') return document;
  const sha256 = sha256Of(files);
  const foreign = foreignSubject(document.result, expected);
  if (foreign !== null) return unusable(foreign);
  if (sbomSha256 === sha256) return summarise(document.result, files);
  return unusable(wrongSubject('sbom', `the SBOM with hash ${sha256}`, `one with ${sbomSha256 ?? 'no hash'}`));
}

const sha256Of = (files: ReportFiles): string => files.get(SBOM_FILE)?.sha256 ?? '';

/** syft names the digest as the component's version when it was given one: then it must be ours. */
function foreignSubject(document: CycloneDx, expected: StageExpectation): Problem | null {
  const version = document.metadata?.component?.version ?? '';
  const isForeign = version.startsWith('sha256:') && version !== expected.digest;
  return isForeign ? wrongSubject('sbom', expected.digest ?? 'the image', version.slice(0, 80)) : null;
}

/** The document alone, without the stage's own words. */
export function readCycloneDx(files: ReportFiles): Reading<SbomResult> {
  const document = readJsonFile(files, 'sbom', SBOM_FILE, CycloneDx);
  if (document.kind === 'unusable') return document;
  return summarise(document.result, files);
}

function summarise(document: CycloneDx, files: ReportFiles): Reading<SbomResult> {
  const components = countComponents(document.components ?? []);
  if (components === 0) {
    return unusable(
      problem(
        'report_contradicts',
        'person',
        'SBOM: the image has no component that syft knows, so a scan of it would say nothing.',
        'Check that the image is the one you mean and that its package files are in it (a static binary alone has none).',
      ),
    );
  }
  const canonicalSha256 = files.get(SBOM_FILE)?.canonicalSha256 ?? null;
  return read({
    specVersion: document.specVersion,
    components,
    sha256: sha256Of(files),
    ...(canonicalSha256 === null ? {} : { canonicalSha256 }),
  });
}

function countComponents(components: readonly Component[]): number {
  const pending = [...components];
  let count = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    count += 1;
    for (const child of next.components ?? []) pending.push(child);
  }
  return count;
}
