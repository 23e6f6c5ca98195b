/** actions/upload-artifact: files of the workspace as one archive of the run. Source: actions/upload-artifact `src/`, @actions/artifact, @actions/glob. */
import { globSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { keepArtifact } from '../run-record.ts';
import { failed, isOn, linesOf, type ActionCall, type ActionDouble, type ActionEnd } from './action.ts';

export const uploadArtifact: ActionDouble = {
  name: 'actions/upload-artifact',
  commit: '043fb46d1a93c77aae656e7c1c64a875d1fc6a0a',
  version: 'v7.0.1',
  inputs: {
    name: 'artifact',
    path: null,
    'if-no-files-found': 'warn',
    'retention-days': null,
    'compression-level': '6',
    overwrite: 'false',
    'include-hidden-files': 'false',
    archive: 'true',
  },
  required: ['path'],
  run: (call) => Promise.resolve(upload(call)),
};

/** Characters that no name may have. Source: @actions/artifact `path-and-artifact-name-validation.ts`. */
const FORBIDDEN = /["':<>|*?\r\n\\/]/;

function upload(call: ActionCall): ActionEnd {
  const { input, facts, machine, services } = call;
  const [name, path] = [input('name'), input('path')];
  if (FORBIDDEN.test(name))
    return failed(
      `The artifact name is not valid: ${name}. Contains the following character: ${FORBIDDEN.exec(name)?.[0] ?? ''}`,
    );
  const { files, root } = search(linesOf(path), machine.folders.workspace, isOn(input('include-hidden-files')));
  if (files.length === 0) return nothingFound(call, path);
  const { repository, run } = facts;
  const there = repository.artifacts.find((each) => each.runId === run.id && each.name === name);
  if (there !== undefined && !isOn(input('overwrite')))
    return failed(
      'Failed to CreateArtifact: Received non-retryable error: Failed request: (409) Conflict: an artifact with this name already exists on the workflow run',
    );
  const contents = new Map(files.map((file) => [relative(root, file).split(sep).join('/'), readFileSync(file)]));
  const artifact = keepArtifact(services.world, repository, run, { name, files: contents });
  call.log(`With the provided path, there will be ${files.length} file(s) uploaded`);
  call.log(
    `Artifact ${name} has been successfully uploaded! Final size is ${artifact.zip.length} bytes. Artifact ID is ${artifact.id}`,
  );
  return {
    outputs: {
      'artifact-id': String(artifact.id),
      'artifact-url': `https://github.com/${repository.owner.login}/${repository.name}/actions/runs/${run.id}/artifacts/${artifact.id}`,
      'artifact-digest': artifact.digest.replace('sha256:', ''),
    },
  };
}

function nothingFound({ input, log }: ActionCall, path: string): ActionEnd {
  const message = `No files were found with the provided path: ${path}. No artifacts will be uploaded.`;
  if (input('if-no-files-found') === 'error') return failed(message);
  log(input('if-no-files-found') === 'ignore' ? message : `::warning::${message}`);
  return { outputs: {} };
}

interface Found {
  readonly files: readonly string[];
  /** Paths in the archive begin after it. */
  readonly root: string;
}

/** Returns the root folder: the least common folder of several paths, or the folder of a single path. */
function search(patterns: readonly string[], workspace: string, hidden: boolean): Found {
  const found = patterns.map((pattern) => {
    const absolute = isAbsolute(pattern) ? pattern : join(workspace, pattern);
    const isFolder = lstatSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true;
    const glob = isFolder ? join(absolute, '**') : absolute;
    const files = globSync(glob)
      .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
      .filter(
        (file) =>
          hidden ||
          !relative(workspace, file)
            .split(sep)
            .some((part) => /^\.[^.]/.test(part)),
      );
    return { files, root: isFolder ? absolute : dirname(absolute) };
  });
  const files = [...new Set(found.flatMap((each) => each.files))].toSorted();
  return { files, root: leastCommon(found.map(({ root }) => root)) };
}

function leastCommon(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split(sep));
  const shared = first.findIndex((part, index) => others.some((other) => other[index] !== part));
  return (shared === -1 ? first : first.slice(0, shared)).join(sep);
}
