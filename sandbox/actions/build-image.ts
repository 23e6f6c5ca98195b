/**
 * Builds a real OCI image from a Dockerfile's COPY and ADD lines, on an empty base: no base image can be pulled in the
 * sandbox, so RUN lines are not carried out, and the image says so in a label. Only what needs no base is done: `npm ci` leaves
 * what an inventory can see of it, and a RUN that merely tests whether a path is in the image is answered.
 */
import { createHash } from 'node:crypto';
import { cp, lstat, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { z } from 'zod';
import type { Layer, Packed } from '../registry/oci-client.ts';
import { ended, failedBuildLog, notFound, type BuildProblem, type Instruction } from './build-log.ts';

export interface BuildCall {
  /** The Dockerfile's path, and the folder that COPY reads from. */
  readonly dockerfile: string;
  readonly context: string;
  /** The stage to build; empty for the last one. */
  readonly target: string;
  readonly platforms: readonly string[];
  readonly args: ReadonlyMap<string, string>;
  /** An empty folder, for what the image holds. */
  readonly root: string;
}

export type Built =
  | { readonly kind: 'built'; readonly images: readonly Packed[]; readonly warnings: readonly BuildWarning[] }
  /** With what buildx prints of it. */
  | { readonly kind: 'failed'; readonly log: readonly string[] };

/** As buildx writes it to its metadata: with the whole Dockerfile, each. Source: docker/buildx `util/progress`. */
export interface BuildWarning {
  readonly short: string;
  readonly url: string;
  readonly sourceInfo: { readonly filename: string; readonly data: string; readonly language: string };
}

/** @param call paths are from the folder in which buildx is called */
export async function buildImage(cwd: string, call: BuildCall): Promise<Built> {
  const { dockerfile, context, root } = call;
  const name = posix.normalize(dockerfile);
  const text = await readFile(join(cwd, dockerfile), 'utf8').catch(() => null);
  const written = instructionsOf(text ?? '');
  const instructions = neededFor(written, call.target);
  await mkdir(root, { recursive: true });
  const problem =
    text === null
      ? { message: `failed to read dockerfile: open ${name}: no such file or directory`, at: null }
      : (targetProblem(written, call.target) ?? (await carryOut(instructions, join(cwd, context), root)));
  if (problem !== null)
    return { kind: 'failed', log: failedBuildLog({ dockerfile: name, text: text ?? '', instructions, problem }) };
  const layer = await layerOf(root);
  const images = call.platforms.map((platform) => imageOf(layer, platform, configOf(instructions, call.args)));
  return { kind: 'built', images, warnings: warningsOf(name, text ?? '', written) };
}

interface Config {
  readonly Labels: Readonly<Record<string, string>>;
  readonly Env: readonly string[];
}

/** LABEL and ENV, with the arguments that ARG has declared. */
function configOf(instructions: readonly Instruction[], given: ReadonlyMap<string, string>): Config {
  const values = new Map<string, string>();
  const labels: Record<string, string> = { 'dev.slsa-pipeline.sandbox': 'built on an empty base, RUN lines skipped' };
  const env: string[] = [];
  const expanded = (text: string): string =>
    text.replace(/^"(.*)"$/s, '$1').replace(/\$\{?([A-Za-z_]\w*)\}?/g, (_, name: string) => values.get(name) ?? '');
  for (const { word, rest } of instructions) {
    const [, name = '', text = ''] = /^([\w.-]+)(?:=(.*))?$/s.exec(rest) ?? [];
    if (word === 'ARG') values.set(name, given.get(name) ?? expanded(text));
    if (word === 'LABEL') labels[name] = expanded(text);
    if (word === 'ENV') env.push(`${name}=${expanded(text)}`);
  }
  return { Labels: labels, Env: env };
}

function imageOf(layer: Buffer, platform: string, config: Config): Packed {
  const [os = '', architecture = ''] = platform.split('/');
  const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
  const whole = { architecture, os, config, rootfs: { type: 'layers', diff_ids: [diffId] } };
  return {
    platform: { os, architecture },
    config: jsonLayer('application/vnd.oci.image.config.v1+json', whole),
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes: gzipSync(layer) }],
  };
}

const jsonLayer = (mediaType: string, value: unknown): Layer => ({
  mediaType,
  bytes: Buffer.from(JSON.stringify(value)),
});

/** Implements the BuildKit build checks that concern a single line. Source: docs.docker.com/reference/build-checks. */
function warningsOf(filename: string, text: string, instructions: readonly Instruction[]): BuildWarning[] {
  const sourceInfo = { filename, data: Buffer.from(text).toString('base64'), language: 'Dockerfile' };
  return instructions.flatMap(({ word, rest, line }) => {
    if (['CMD', 'ENTRYPOINT'].includes(word) && !rest.startsWith('['))
      return [
        warning(
          'JSONArgsRecommended',
          'json-args-recommended',
          `JSON arguments recommended for ${word} (line ${line})`,
        ),
      ];
    if (word === 'MAINTAINER')
      return [
        warning('MaintainerDeprecated', 'maintainer-deprecated', `Maintainer instruction is deprecated (line ${line})`),
      ];
    return [];
  });
  function warning(rule: string, page: string, says: string): BuildWarning {
    return { short: `${rule}: ${says}`, url: `https://docs.docker.com/go/dockerfile/rule/${page}/`, sourceInfo };
  }
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

/** BuildKit builds what the target comes from, and nothing else of the file. */
function neededFor(instructions: readonly Instruction[], target: string): Instruction[] {
  const starts = instructions.flatMap(({ word }, at) => (word === 'FROM' ? [at] : []));
  const stages = starts.map((start, index) => {
    const [, base = '', name = ''] =
      /^(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?/i.exec(instructions[start]?.rest ?? '') ?? [];
    const own = instructions.slice(start, starts[index + 1]);
    const others = own.flatMap(({ rest }) => [...rest.matchAll(/--from=(\S+)/g)].map(({ 1: from = '' }) => from));
    return { name: name.toLowerCase(), needs: [base, ...others].map((each) => each.toLowerCase()), own };
  });
  const wanted = new Set<string>();
  const want = (at: number): Instruction[] => {
    const stage = stages[at];
    if (stage === undefined || wanted.has(stage.name || String(at))) return [];
    wanted.add(stage.name || String(at));
    const before = stage.needs.flatMap((need) => want(stages.findIndex(({ name }) => name !== '' && name === need)));
    return [...before, ...stage.own];
  };
  const named = stages.findIndex(({ name }) => target !== '' && name === target.toLowerCase());
  return [...instructions.slice(0, starts[0] ?? 0), ...want(named === -1 ? stages.length - 1 : named)];
}

/** Source: moby/buildkit `frontend/dockerfile/dockerfile2llb/convert.go`. */
const targetProblem = (instructions: readonly Instruction[], target: string): BuildProblem | null =>
  target === '' ||
  instructions.some(({ word, rest }) => word === 'FROM' && new RegExp(` as ${RegExp.escape(target)}$`, 'i').test(rest))
    ? null
    : { message: `target stage "${target}" could not be found`, at: null };

async function carryOut(
  instructions: readonly Instruction[],
  context: string,
  root: string,
): Promise<BuildProblem | null> {
  if (!instructions.some(({ word }) => word === 'FROM'))
    return { message: 'dockerfile parse error: no build stage in current context', at: null };
  let folder = '/';
  for (const instruction of instructions) {
    if (instruction.word === 'WORKDIR') folder = posix.resolve(folder, instruction.rest);
    const problem = await carryOutOne(instruction, context, { root, folder });
    if (problem !== null) return problem;
  }
  return null;
}

interface Filesystem {
  readonly root: string;
  /** The working directory of commands, below the root. */
  readonly folder: string;
}

async function carryOutOne(
  instruction: Instruction,
  context: string,
  { root, folder }: Filesystem,
): Promise<BuildProblem | null> {
  const { word, rest } = instruction;
  if (word === 'RUN' && /^npm ci\b/.test(rest))
    return (await install(join(root, folder))) ? null : ended(instruction, 1);
  if (word === 'RUN') return (await isMissing(rest, root)) ? ended(instruction, 1) : null;
  if (word !== 'COPY' && word !== 'ADD') return null;
  const absent = await copy(context, root, rest);
  return absent === null ? null : notFound(instruction, absent);
}

const Lock = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), dev: z.boolean().optional() })).default({}),
});

/** `npm ci`, as far as an inventory can see it: each package of the lock file has its folder. */
async function install(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, 'package-lock.json'), 'utf8').catch(() => null);
  const lock = text === null ? null : Lock.safeParse(parsedJson(text)).data;
  if (lock === null || lock === undefined) return false;
  for (const [path, { version, dev = false }] of Object.entries(lock.packages)) {
    const target = join(folder, posix.normalize(path));
    if (
      version === undefined ||
      dev ||
      !path.startsWith('node_modules/') ||
      !target.startsWith(`${folder}/node_modules/`)
    )
      continue;
    await mkdir(target, { recursive: true });
    const name = path.replace(/^.*node_modules\//, '');
    await writeFile(join(target, 'package.json'), `${JSON.stringify({ name, version })}\n`);
  }
  return true;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
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
