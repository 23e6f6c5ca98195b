/** The artifact that each stage leaves: its name, and the files of it that are read. */
import { BUILDX_METADATA, PROVENANCE } from '../build/build-result.ts';
import { LINTER_LOGS, MEGALINTER_JSON, MEGALINTER_SARIF } from '../lint/megalinter-json.ts';
import { SBOM_FILE } from '../sbom/sbom-result.ts';
import { GRYPE_REPORT } from '../scan/read-grype.ts';
import {
  ATTESTATION_BUNDLE,
  ATTESTATION_VERIFY,
  COSIGN_VERIFY,
  SIGNATURE_BUNDLE,
} from '../signature/signature-result.ts';
import { STAGE_REPORT_FILE } from './stage-report.ts';
import type { Stage } from './stage-table.ts';

/** The files that are read of each stage's artifact; whatever else is in it is never looked at. */
export const FILES_OF_STAGE: Readonly<Record<Stage, readonly string[]>> = {
  lint: [STAGE_REPORT_FILE, MEGALINTER_JSON, MEGALINTER_SARIF, LINTER_LOGS],
  build: [STAGE_REPORT_FILE, BUILDX_METADATA, PROVENANCE],
  sbom: [STAGE_REPORT_FILE, SBOM_FILE],
  scan: [STAGE_REPORT_FILE, GRYPE_REPORT],
  sign: [STAGE_REPORT_FILE, SIGNATURE_BUNDLE],
  attest: [STAGE_REPORT_FILE, ATTESTATION_BUNDLE],
  verify: [STAGE_REPORT_FILE, COSIGN_VERIFY, ATTESTATION_VERIFY],
};

/** Names hold the attempt, since artifacts of one run are immutable and a re-run by hand makes another. */
export const artifactName = (stage: Stage, attempt: number): string => `slsa-${stage}-${attempt}`;
