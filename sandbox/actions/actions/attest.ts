/** actions/attest: signs as the job, by the authority that the repository's visibility asks for. Source: actions/attest v4.2.2, `src/`. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync, appendFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { claimsOf } from '../../sigstore/claims.ts';
import { provenanceOf, statementAbout } from '../../sigstore/provenance.ts';
import { imageFor } from '../registry-access.ts';
import { may } from '../runner/job-facts.ts';
import { signAs, storeAttestation } from '../signing.ts';
import { failed, isOn, type ActionCall, type ActionDouble, type ActionEnd } from './action.ts';

export const attest: ActionDouble = {
  name: 'actions/attest',
  commit: '1e69f48acb82d1966a394da916b4c1698aa569d6',
  version: 'v4.2.2',
  inputs: {
    'subject-path': null,
    'subject-digest': null,
    'subject-name': null,
    'subject-checksums': null,
    'subject-version': null,
    'sbom-path': null,
    'predicate-type': null,
    predicate: null,
    'predicate-path': null,
    'push-to-registry': 'false',
    'create-storage-record': 'true',
    'show-summary': 'true',
    'github-token': '${{ github.token }}',
  },
  run: (call) =>
    attestIt(call).catch((error: unknown) => failed(error instanceof Error ? error.message : String(error))),
};

async function attestIt(call: ActionCall): Promise<ActionEnd> {
  const { input, facts, machine, services, log } = call;
  if (!may(facts, 'id-token', 'write'))
    throw new Error('missing "id-token" permission. Please add "permissions: id-token: write" to your workflow.');
  const subject = subjectOf(input);
  const claim = claimOf(call);
  const isPublic = facts.repository.visibility === 'public';
  const instance = isPublic ? 'publicGood' : 'github';
  const signed = await signAs(facts, services, { statement: statementAbout(subject, claim), instance });
  if (!may(facts, 'attestations', 'write'))
    throw new Error(
      'Failed to persist attestation: Resource not accessible by integration - https://docs.github.com/rest/repos/attestations#create-an-attestation',
    );
  const id = storeAttestation(facts, services, { digest: subject.digest, signed });
  log(`Attestation created for ${subject.name}@${subject.digest}`);
  log(`Attestation signed using certificate from ${isPublic ? 'Public Good' : 'GitHub'} Sigstore instance`);
  if (isOn(input('push-to-registry'))) {
    await pushed(call, subject, signed.bundle);
    if (isOn(input('create-storage-record')) && !may(facts, 'artifact-metadata', 'write')) {
      log('::warning::Failed to create storage record: HttpError: Resource not accessible by integration');
      log('::warning::Please check that the "artifact-metadata:write" permission has been included');
    }
  }
  const file = join(mkdtempSync(join(machine.folders.temp, 'attest-')), 'attestation.json');
  writeFileSync(file, `${JSON.stringify(signed.bundle)}\n`);
  appendFileSync(join(machine.folders.temp, 'created_attestation_paths.txt'), `${file}\n`);
  machine.giveToRunner(machine.folders.temp);
  const url = `https://github.com/${facts.repository.owner.login}/${facts.repository.name}/attestations/${id}`;
  return { outputs: { 'bundle-path': file, 'attestation-id': String(id), 'attestation-url': url } };
}

interface Subject {
  readonly name: string;
  readonly digest: string;
}

function subjectOf(input: ActionCall['input']): Subject {
  const given = ['subject-path', 'subject-digest', 'subject-checksums'].filter((name) => input(name) !== '');
  if (given.length === 0) throw new Error('One of subject-path, subject-digest, or subject-checksums must be provided');
  if (given.length > 1)
    throw new Error('Only one of subject-path, subject-digest, or subject-checksums may be provided');
  const [digest, name] = [input('subject-digest'), input('subject-name')];
  if (digest === '') throw new Error('The sandbox attests subjects by digest only');
  if (name === '') throw new Error('subject-name must be provided when using subject-digest');
  if (!/^sha256:[0-9a-f]{64}$/i.test(digest))
    throw new Error('subject-digest must be in the format "sha256:<hex-digest>"');
  return { name: isOn(input('push-to-registry')) ? name.toLowerCase() : name, digest };
}

interface Claim {
  readonly predicateType: string;
  readonly predicate: unknown;
}

const CycloneDx = z.object({ bomFormat: z.string(), serialNumber: z.string(), specVersion: z.string() });
const MAX_SBOM_BYTES = 16 * 1024 * 1024;

/** Returns the predicate: the SBOM, the given predicate, or the provenance of this job. */
function claimOf(call: ActionCall): Claim {
  const { input, facts, machine } = call;
  const sbomPath = input('sbom-path');
  const isOwnPredicate = ['predicate-type', 'predicate', 'predicate-path'].some((name) => input(name) !== '');
  if (sbomPath !== '' && isOwnPredicate)
    throw new Error('Cannot specify sbom-path together with predicate-type, predicate, or predicate-path');
  if (sbomPath !== '') return sbomAt(resolve(machine.folders.workspace, sbomPath));
  return isOwnPredicate ? givenBy(call) : provenanceOf(claimsOf(facts));
}

function givenBy({ input, machine }: ActionCall): Claim {
  const [predicateType, predicate, predicatePath] = [
    input('predicate-type'),
    input('predicate'),
    input('predicate-path'),
  ];
  if (predicateType === '') throw new Error('predicate-type is required when using predicate or predicate-path');
  if (predicate === '' && predicatePath === '') throw new Error('One of predicate-path or predicate must be provided');
  if (predicate !== '' && predicatePath !== '')
    throw new Error('Only one of predicate-path or predicate may be provided');
  const path = resolve(machine.folders.workspace, predicatePath);
  if (predicate === '' && !existsSync(path)) throw new Error(`predicate file not found: ${predicatePath}`);
  return { predicateType, predicate: JSON.parse(predicate === '' ? readFileSync(path, 'utf8') : predicate) as unknown };
}

function sbomAt(path: string): Claim {
  if (!existsSync(path)) throw new Error('SBOM file not found');
  const text = readFileSync(path, 'utf8');
  if (Buffer.byteLength(text) > MAX_SBOM_BYTES)
    throw new Error(`SBOM file exceeds maximum allowed size: ${MAX_SBOM_BYTES} bytes`);
  const predicate: unknown = JSON.parse(text);
  if (!CycloneDx.safeParse(predicate).success)
    throw new Error('Unsupported SBOM format. Must be valid SPDX or CycloneDX JSON.');
  return { predicateType: 'https://cyclonedx.org/bom', predicate };
}

async function pushed(call: ActionCall, { name, digest }: Subject, bundle: unknown): Promise<void> {
  try {
    await imageFor(call, name, 'push').attach(digest, bundle);
  } catch (error) {
    throw new Error(
      `Error uploading artifact to container registry: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}
