/** The proof of a repair: the linters' reports before and after, compared finding by finding. */
import { afterFixers } from '../src/domain/repair/compose-repair.ts';
import { proofOf, type Pledge, type Proof } from '../src/domain/repair/proof.ts';
import type { RepairSource } from '../src/domain/repair/repair-source.ts';
import { answer, type Answer } from './failures.ts';
import { orNoRepair } from './find-repairs.ts';
import type { PushedFile } from './push-repair.ts';
import type { RepairMaterial } from './repair-material.ts';

export interface ProofInput {
  readonly source: RepairSource;
  /** Id of the artifact that the run on the repaired branch left. */
  readonly after: number;
  readonly files: readonly Pick<PushedFile, 'path' | 'byFixers' | 'claims'>[];
}

export type Proven =
  { readonly kind: 'compared'; readonly proof: Proof } | { readonly kind: 'none'; readonly why: string };

export interface ProveRepairActivities {
  compareLint(input: ProofInput): Promise<Answer<Proven>>;
}

export const createProveRepairActivities = (material: RepairMaterial): ProveRepairActivities => ({
  compareLint: ({ source, after, files }) =>
    answer(() =>
      orNoRepair(async () => {
        const before = await material.findings(source.repository, source.lint);
        const young = await material.findings(source.repository, after);
        const pledges = await pledgesOf(material, source, files);
        return { kind: 'compared', proof: proofOf(before, young, pledges) };
      }),
    ),
});

async function pledgesOf(
  material: RepairMaterial,
  source: RepairSource,
  files: ProofInput['files'],
): Promise<Pledge[]> {
  const materials = await material.filesOf(
    source,
    files.map(({ path }) => path),
  );
  return files.flatMap(({ path, byFixers, claims }): Pledge[] => {
    const own = materials.find((each) => each.file.path === path);
    if (own?.kind !== 'text') return [];
    const shown = afterFixers(own.material);
    return [
      {
        path,
        leftByFixers: byFixers ? own.material.leftByFixers : null,
        claimed: claims.flatMap((number) => shown.findings[number - 1] ?? []),
      },
    ];
  });
}
