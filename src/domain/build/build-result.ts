/** What the build stage made: buildx's metadata file, reduced. */
import { z } from 'zod';
import { Digest } from '../git.ts';
import { readBundle, readStatement } from '../signature/bundle-facts.ts';
import { SIGNING_MODES, type Signing } from './builder.ts';
import {
  contradiction,
  read,
  readJsonFile,
  readStageReport,
  unreadable,
  Sha256Hex,
  unusable,
  wrongSubject,
  type Reading,
  type ReportFiles,
  type StageExpectation,
  type StageReport,
} from '../stage/stage-report.ts';

export const BUILDX_METADATA = 'buildx-metadata.json';
/** A signed bundle; where nothing is signed, the bare in-toto statement. */
export const PROVENANCE = 'provenance.json';
export const PROVENANCE_PREDICATE = 'https://slsa.dev/provenance/v1';

/** Host, name and tag together: far more than any registry takes. */
const MAX_IMAGE_NAME = 600;

export const BuildResult = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('built'),
    /** `registry/name:tag`, as pushed. */
    image: z.string().max(MAX_IMAGE_NAME),
    /** Of the image index where there is one: what is signed, attested and pulled. */
    digest: Digest,
    warnings: z.number().int().nonnegative(),
    signing: z.enum(SIGNING_MODES),
    /** Of the provenance file: what it says is assessed later, from these bytes and no others. */
    provenanceSha256: Sha256Hex,
  }),
  /** By a fork check: an image that was made and looked at, and that nobody can pull. */
  z.object({ kind: z.literal('not_pushed'), digest: Digest }),
  z.object({ kind: z.literal('failed'), exitCode: z.number().int() }),
]);
export type BuildResult = z.infer<typeof BuildResult>;

/**
 * `docker buildx build --metadata-file`. `containerimage.descriptor` and `image.name` are there only when the image was
 * pushed, so their absence means that nothing can be pulled by this digest.
 * Source: docker/buildx docs, "metadata-file".
 */
const BuildxMetadata = z.object({
  'containerimage.digest': Digest,
  'containerimage.descriptor': z.object({ digest: Digest }).optional(),
  'image.name': z
    .string()
    .max(10 * MAX_IMAGE_NAME)
    .optional(),
  'buildx.build.warnings': z.array(z.unknown()).nullish(),
});

export function readBuild(files: ReportFiles, expected: StageExpectation, conclusion: string): Reading<BuildResult> {
  const stageReport = readStageReport(files, expected);
  if (stageReport.kind === 'unusable') return stageReport;
  const { exitCode } = stageReport.result;
  if (exitCode !== 0) return read({ kind: 'failed', exitCode });
  if (conclusion !== 'success') {
    return unusable(contradiction('build', `buildx ended with exit code 0, yet the stage run ended ${conclusion}`));
  }
  if (expected.isPushed === false) return readUnpushed(stageReport.result);
  const metadata = readBuildxMetadata(files, expected);
  if (metadata.kind === 'unusable') return metadata;
  const signing = stageReport.result.signing ?? 'none';
  if (expected.build !== undefined && expected.build.signing !== signing) {
    return unusable(wrongSubject('build', `signing ${expected.build.signing}`, `signing ${signing}`));
  }
  const provenance = readProvenance(files, signing, metadata.result.digest);
  if (provenance.kind === 'unusable') return provenance;
  return read({ kind: 'built', ...metadata.result, signing, provenanceSha256: provenance.result });
}

function readUnpushed({ subject }: StageReport): Reading<BuildResult> {
  if (subject === undefined) return unusable(contradiction('build', 'its report names no image'));
  return read({ kind: 'not_pushed', digest: subject });
}

/** That it is there and speaks of this image; whether it is true is for the assessment of evidence. */
function readProvenance(files: ReportFiles, signing: Signing, digest: Digest): Reading<string> {
  const reading =
    signing === 'none' ? readStatement(files, 'build', PROVENANCE) : readBundle(files, 'build', PROVENANCE);
  if (reading.kind === 'unusable') return reading;
  const { predicateType, subjects } = reading.result;
  if (predicateType !== PROVENANCE_PREDICATE)
    return unusable(wrongSubject('build', PROVENANCE_PREDICATE, predicateType));
  if (!subjects.some((subject) => `sha256:${subject}` === digest)) {
    return unusable(wrongSubject('build', digest, subjects.slice(0, 3).join(', ') || 'nothing'));
  }
  return read(files.get(PROVENANCE)?.sha256 ?? '');
}

type Built = Extract<BuildResult, { kind: 'built' }>;
export type BuildxReading = Pick<Built, 'image' | 'digest' | 'warnings'>;

export function readBuildxMetadata(
  files: ReportFiles,
  { imageName, build }: Pick<StageExpectation, 'imageName' | 'build'>,
): Reading<BuildxReading> {
  const reading = readJsonFile(files, 'build', BUILDX_METADATA, BuildxMetadata);
  if (reading.kind === 'unusable') return reading;
  const metadata = reading.result;
  const digest = metadata['containerimage.digest'];
  const names = (metadata['image.name'] ?? '').split(',').filter((name) => name !== '');
  if (metadata['containerimage.descriptor'] === undefined || names.length === 0) {
    return unusable(contradiction('build', 'the image was built but not pushed, so its digest names nothing'));
  }
  if (metadata['containerimage.descriptor'].digest !== digest) {
    return unusable(unreadable('build', BUILDX_METADATA, 'names two different digests'));
  }
  const image = names.find((name) => withoutTag(name) === imageName && name.length <= MAX_IMAGE_NAME);
  if (image === undefined) return unusable(wrongSubject('build', imageName, names.join(', ').slice(0, 200)));
  if (build !== undefined && image !== `${imageName}:${build.tag}`) {
    return unusable(wrongSubject('build', `${imageName}:${build.tag}`, image));
  }
  return read({ image, digest, warnings: metadata['buildx.build.warnings']?.length ?? 0 });
}

/** `host:5000/name:tag` → `host:5000/name`; a colon before the last slash belongs to the registry's port. */
const withoutTag = (name: string): string => {
  const slash = name.lastIndexOf('/');
  const colon = name.lastIndexOf(':');
  return colon > slash ? name.slice(0, colon) : name;
};
