/**
 * Builds a real OCI image from a Dockerfile's COPY and ADD lines, on an empty base: no base image can be pulled in the
 * sandbox, so RUN lines are not carried out, and the image says so in a label. Only a RUN that merely tests whether a path
 * is in the image needs no base: that is answered.
 */
import { cp, lstat, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { pack } from 'tar-stream';
import { OciImage } from '../registry/oci-client.ts';
import { ended, failedBuildLog, notFound, type BuildProblem, type Instruction } from './build-log.ts';

export type Built =
  | { readonly kind: 'built'; readonly digest: string; readonly metadata: object }
  /** With what buildx prints of it. */
  | { readonly kind: 'failed'; readonly log: readonly string[] };

export async function buildImage(folder: string, inputs: Readonly<Record<string, string>>): Promise<Built> {
  const { image = '', tag = '', dockerfile = 'Dockerfile', context = '.' } = inputs;
  const text = await readFile(join(folder, dockerfile), 'utf8').catch(() => null);
  const instructions = instructionsOf(text ?? '');
  const root = join(folder, '..', `${posix.basename(folder)}-root`);
  await mkdir(root, { recursive: true });
  const problem =
    text === null
      ? { message: `failed to read dockerfile: open ${dockerfile}: no such file or directory`, at: null }
      : await carryOut(instructions, join(folder, context), root);
  if (problem !== null)
    return { kind: 'failed', log: failedBuildLog({ dockerfile, text: text ?? '', instructions, problem }) };
  const layer = await layerOf(root);
  const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: { 'dev.slsa-pipeline.sandbox': 'built on an empty base, RUN lines skipped' } },
    rootfs: { type: 'layers', diff_ids: [diffId] },
  };
  const digest = await new OciImage(image).push(
    { mediaType: 'application/vnd.oci.image.config.v1+json', bytes: Buffer.from(JSON.stringify(config)) },
    [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes: gzipSync(layer) }],
    tag,
  );
  const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest };
  return {
    kind: 'built',
    digest,
    metadata: {
      'containerimage.digest': digest,
      'containerimage.descriptor': descriptor,
      'image.name': `${image}:${tag}`,
    },
  };
}

/** Continuation lines joined, comments left out. */
function instructionsOf(text: string): Instruction[] {
  const plain = text.replace(/^[^\S\n]*#.*$/gm, '');
  return [...plain.matchAll(/^[^\S\n]*([A-Za-z]+)[^\S\n]+((?:\\\r?\n|.)*)$/gm)].map(
    ({ 1: word = '', 2: rest = '', index }) => ({
      word: word.toUpperCase(),
      rest: rest.replace(/\\\r?\n/g, ' ').trimEnd(),
      line: plain.slice(0, index).split('\n').length,
    }),
  );
}

async function carryOut(
  instructions: readonly Instruction[],
  context: string,
  root: string,
): Promise<BuildProblem | null> {
  if (!instructions.some(({ word }) => word === 'FROM'))
    return { message: 'dockerfile parse error: no build stage in current context', at: null };
  for (const instruction of instructions) {
    const problem = await carryOutOne(instruction, context, root);
    if (problem !== null) return problem;
  }
  return null;
}

async function carryOutOne(instruction: Instruction, context: string, root: string): Promise<BuildProblem | null> {
  const { word, rest } = instruction;
  if (word === 'RUN') return (await isMissing(rest, root)) ? ended(instruction, 1) : null;
  if (word !== 'COPY' && word !== 'ADD') return null;
  const absent = await copy(context, root, rest);
  return absent === null ? null : notFound(instruction, absent);
}

/** Whether a command tests for a path that nothing has put there. */
async function isMissing(command: string, root: string): Promise<boolean> {
  const path = /^test -[edf] (\/[\w./-]+)$/.exec(command)?.[1];
  return path !== undefined && (await stat(join(root, path)).catch(() => null)) === null;
}

/** @returns the source that is not there, null where all are */
async function copy(context: string, root: string, rest: string): Promise<string | null> {
  const words = rest.startsWith('[') ? (JSON.parse(rest) as string[]) : rest.split(/\s+/);
  // What another build stage made is not there: nothing ran.
  if (words.some((word) => word.startsWith('--from='))) return null;
  const paths = words.filter((word) => !word.startsWith('--') && word !== '');
  const target = paths.at(-1) ?? '/';
  for (const source of paths.slice(0, -1)) {
    const found = await expand(context, source);
    if (found.length === 0) return source;
    for (const from of found)
      await copyOne(from, join(root, target), target.endsWith('/') || found.length > 1 || paths.length > 2);
  }
  return null;
}

async function expand(context: string, source: string): Promise<string[]> {
  const clean = posix.normalize(source).replace(/^(\.\.\/)+/, '');
  if (!clean.includes('*'))
    return (await stat(join(context, clean)).catch(() => null)) === null ? [] : [join(context, clean)];
  const pattern = new RegExp(`^${posix.basename(clean).split('*').map(RegExp.escape).join('.*')}$`);
  const folder = join(context, posix.dirname(clean));
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => pattern.test(name)).map((name) => join(folder, name));
}

async function copyOne(from: string, to: string, isFolder: boolean): Promise<void> {
  const isDirectory = (await lstat(from)).isDirectory();
  const target = isDirectory || !isFolder ? to : join(to, posix.basename(from));
  await cp(from, target, { recursive: true });
}

/** A layer with every time at 0 and names in order, so that the same files give the same digest. */
async function layerOf(root: string): Promise<Buffer> {
  const tar = pack();
  const bytes = readStream(tar);
  for (const path of (await readdir(root, { recursive: true })).toSorted()) {
    const info = await lstat(join(root, path));
    if (info.isFile()) tar.entry({ name: path, mtime: new Date(0), mode: 0o644 }, await readFile(join(root, path)));
  }
  tar.finalize();
  return bytes;
}

async function readStream(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
