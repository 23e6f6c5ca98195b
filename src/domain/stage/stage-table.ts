/** The seven stages: one row each. A new stage is one row here, one workflow file in `stages/`, one report reader. */

export const STAGES = ['lint', 'build', 'sbom', 'scan', 'sign', 'attest', 'verify'] as const;
export type Stage = (typeof STAGES)[number];

/** What a Temporal activity that follows a stage is called: the reference's names in camel case. */
export type StageActivity =
  | 'runMegalinter'
  | 'runBuildImage'
  | 'runGenerateSbom'
  | 'runScanSbom'
  | 'runSignImage'
  | 'runAttestSbom'
  | 'runVerifySignatures';

export interface StageRow {
  readonly stage: Stage;
  /** How people meet it: in the check run's table and on the terminal. */
  readonly title: string;
  /** "Building image": what the check's title says while it runs. */
  readonly doing: string;
  readonly activity: StageActivity;
  /** The stage workflow's file in `.github/workflows/`, unless the settings name another. */
  readonly file: string;
  /** The reference's name of it, in `list-presets`. */
  readonly referenceName: string;
  /** True where the Actions run must be at the very commit of the run: these two check the commit out. */
  readonly bindsCommit: boolean;
  readonly timeoutMinutes: number;
}

export const STAGE_TABLE: Readonly<Record<Stage, StageRow>> = {
  lint: {
    stage: 'lint',
    title: 'Lint',
    doing: 'Linting',
    activity: 'runMegalinter',
    file: '00-megalinter.yml',
    referenceName: 'megalinter',
    bindsCommit: true,
    timeoutMinutes: 30,
  },
  build: {
    stage: 'build',
    title: 'Build',
    doing: 'Building image',
    activity: 'runBuildImage',
    file: '01-build-image.yml',
    referenceName: 'build_image',
    bindsCommit: true,
    timeoutMinutes: 60,
  },
  sbom: {
    stage: 'sbom',
    title: 'SBOM',
    doing: 'Taking inventory',
    activity: 'runGenerateSbom',
    file: '02-generate-sbom.yml',
    referenceName: 'generate_sbom',
    bindsCommit: false,
    timeoutMinutes: 15,
  },
  scan: {
    stage: 'scan',
    title: 'Scan',
    doing: 'Scanning for vulnerabilities',
    activity: 'runScanSbom',
    file: '03-scan-sbom.yml',
    referenceName: 'scan_sbom',
    bindsCommit: false,
    timeoutMinutes: 15,
  },
  sign: {
    stage: 'sign',
    title: 'Sign',
    doing: 'Signing image',
    activity: 'runSignImage',
    file: '04-sign-image.yml',
    referenceName: 'sign_image',
    bindsCommit: false,
    timeoutMinutes: 10,
  },
  attest: {
    stage: 'attest',
    title: 'Attest',
    doing: 'Attesting SBOM',
    activity: 'runAttestSbom',
    file: '05-attest-sbom.yml',
    referenceName: 'attest_sbom',
    bindsCommit: false,
    timeoutMinutes: 10,
  },
  verify: {
    stage: 'verify',
    title: 'Verify',
    doing: 'Verifying signatures',
    activity: 'runVerifySignatures',
    file: '06-verify-signatures.yml',
    referenceName: 'verify_signatures',
    bindsCommit: false,
    timeoutMinutes: 10,
  },
};

/** The version of the stage files and of the report that each leaves in its artifact. */
export const STAGE_SCHEMA_VERSION = 1;
