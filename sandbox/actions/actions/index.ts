/** The actions that the stage files use, each in the one version that they pin. */
import type { ActionDouble } from './action.ts';
import { attest } from './attest.ts';
import { buildPush } from './build-push.ts';
import { checkout } from './checkout.ts';
import { cosignInstaller } from './cosign-installer.ts';
import { downloadArtifact } from './download-artifact.ts';
import { login } from './login.ts';
import { megalinter } from './megalinter.ts';
import { downloadSyft, sbomAction } from './sbom-action.ts';
import { scanAction } from './scan-action.ts';
import { setupBuildx } from './setup-buildx.ts';
import { uploadArtifact } from './upload-artifact.ts';

export const DOUBLES: readonly ActionDouble[] = [
  checkout,
  uploadArtifact,
  downloadArtifact,
  megalinter,
  setupBuildx,
  login,
  buildPush,
  attest,
  cosignInstaller,
  sbomAction,
  downloadSyft,
  scanAction,
];
