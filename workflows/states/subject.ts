/** What the stages after BUILD are about: the image by digest, and its SBOM by hash. */
import type { Digest } from '../../src/domain/git.ts';
import type { Run } from '../run.ts';

export interface BuiltImage {
  /** `registry/name`, without tag: a tag can be moved. */
  readonly image: string;
  readonly imageName: string;
  readonly digest: Digest;
}

export function builtImage(run: Run): BuiltImage {
  const { build } = run.outcomes;
  if (build?.kind !== 'finished' || build.result.kind !== 'built')
    throw new Error('The graph enters this state only after a build');
  const { name } = run.plan.image;
  return { image: name, imageName: name, digest: build.result.digest };
}

/** Where the SBOM lies, and the hash by which it is recognised there. */
export interface SbomInputs {
  readonly sbom_run_id: string;
  readonly sbom_artifact: string;
  readonly sbom_sha256: string;
}

export function sbomInputs(run: Run): SbomInputs {
  const { sbom } = run.outcomes;
  if (sbom?.kind !== 'finished') throw new Error('The graph enters this state only after an SBOM');
  return {
    sbom_run_id: String(sbom.run.actionsRunId),
    sbom_artifact: sbom.run.artifact?.name ?? '',
    sbom_sha256: sbom.result.sha256,
  };
}
