/** actions/download-artifact: an archive of a run, unpacked. Source: actions/download-artifact v8.0.1, `src/download-artifact.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { unzipSync } from 'fflate';
import { findRepository, type RepositoryRecord } from '../../github/world.ts';
import { may } from '../runner/job-facts.ts';
import { failed, type ActionCall, type ActionDouble, type ActionEnd } from './action.ts';

export const downloadArtifact: ActionDouble = {
  name: 'actions/download-artifact',
  commit: '3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c',
  version: 'v8.0.1',
  inputs: {
    name: null,
    'artifact-ids': null,
    path: null,
    pattern: null,
    'merge-multiple': 'false',
    'github-token': null,
    repository: '${{ github.repository }}',
    'run-id': '${{ github.run_id }}',
    'skip-decompress': 'false',
    'digest-mismatch': 'error',
  },
  run: (call) => Promise.resolve(download(call)),
};

const unable = (why: string): ActionEnd => failed(`Unable to download artifact(s): ${why}`);

function download(call: ActionCall): ActionEnd {
  const { input, facts, machine, services } = call;
  const [name, path] = [input('name'), input('path')];
  // Without a token the action ignores `repository` and `run-id`, and reads artifacts of its own run only.
  const isElsewhere = input('github-token') !== '';
  if (name === '') return unable('the sandbox knows downloads by name only');
  const [owner = '', repositoryName = ''] = input('repository').split('/');
  const repository = isElsewhere ? findRepository(services.world, owner, repositoryName) : facts.repository;
  if (repository === null)
    return unable('Not Found - https://docs.github.com/rest/actions/artifacts#list-workflow-run-artifacts');
  if (isElsewhere && !mayRead(call, repository))
    return unable(
      'Resource not accessible by integration - https://docs.github.com/rest/actions/artifacts#list-workflow-run-artifacts',
    );
  const runId = isElsewhere ? Number(input('run-id')) : facts.run.id;
  const artifact = repository.artifacts.findLast((each) => each.runId === runId && each.name === name && !each.expired);
  if (artifact === undefined)
    return unable(
      `Artifact not found for name: ${name}\n        Please ensure that your artifact is not expired and the artifact was uploaded using a compatible version of toolkit/upload-artifact.`,
    );
  call.log('Downloading single artifact');
  call.log(
    `- ${artifact.name} (ID: ${artifact.id}, Size: ${artifact.zip.length}, Expected Digest: ${artifact.digest})`,
  );
  const folder = resolve(machine.folders.workspace, path.replace(/^~/, machine.folders.home));
  if (`sha256:${createHash('sha256').update(artifact.zip).digest('hex')}` !== artifact.digest)
    return unable(
      `Digest validation failed for artifact(s): ${name}. Use 'digest-mismatch: warn' to continue on mismatch.`,
    );
  if (!unpacked(call, artifact.zip, folder)) return unable('Malformed extraction path');
  call.log('Total of 1 artifact(s) downloaded');
  return { outputs: { 'download-path': folder } };
}

/** Whether every entry stays in the folder. */
function unpacked({ machine }: ActionCall, zip: Buffer, folder: string): boolean {
  machine.makeFolder(folder);
  for (const [file, bytes] of Object.entries(unzipSync(new Uint8Array(zip)))) {
    const target = join(folder, file);
    if (!target.startsWith(`${folder}/`)) return false;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  machine.giveToRunner(folder);
  return true;
}

/** Its own token only: another's is not known here. */
const mayRead = ({ input, facts }: ActionCall, repository: RepositoryRecord): boolean =>
  input('github-token') === facts.token && may(facts, 'actions', 'read') && repository.id === facts.repository.id;
