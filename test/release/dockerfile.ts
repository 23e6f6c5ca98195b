/**
 * Follows a Dockerfile in folders of this machine, without a container: each stage is a folder, COPY copies, RUN runs in a
 * shell. A test that does this tests the file's own lines, and fails where they do.
 * Source of the grammar: Docker docs, "Dockerfile reference"; only what our file uses, all else is refused.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface FollowOptions {
  readonly text: string;
  /** The build context. */
  readonly context: string;
  /** An empty folder, in which each stage gets one. */
  readonly folder: string;
  /** First on the PATH of every RUN: where this Node is. */
  readonly binaries: string;
}

export interface Followed {
  /** The root folder of the last stage. */
  readonly root: string;
  /** Its working folder, as a path of this machine. */
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
}

class Stage {
  workdir = '/';
  readonly env: Record<string, string> = {};
  entrypoint: readonly string[] = [];
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  at(path: string): string {
    return join(this.root, path.startsWith('/') ? path : join(this.workdir, path));
  }
}

/** @throws Error with the output of a RUN that failed, or the line that is not understood */
export function followDockerfile({ text, context, folder, binaries }: FollowOptions): Followed {
  const stages = new Map<string, Stage>();
  let stage = new Stage(folder);
  for (const line of instructionsOf(text)) {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/s.exec(line) ?? [];
    switch (word) {
      case 'FROM': {
        const name = / AS (\S+)$/i.exec(rest)?.[1] ?? 'final';
        stage = new Stage(join(folder, name));
        mkdirSync(stage.root, { recursive: true });
        stages.set(name, stage);
        break;
      }
      case 'WORKDIR':
        stage.workdir = rest;
        mkdirSync(stage.at('.'), { recursive: true });
        break;
      case 'COPY':
        copy(rest, stage, { context, stages });
        break;
      case 'RUN':
        run(rest, stage, binaries);
        break;
      case 'ENV':
        for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=("[^"]*"|\S+)/g))
          stage.env[name] = value.replaceAll('"', '');
        break;
      case 'ENTRYPOINT':
        stage.entrypoint = JSON.parse(rest) as string[];
        break;
      case 'EXPOSE':
      case 'HEALTHCHECK':
      case 'USER':
      case 'CMD':
        break;
      default:
        throw new Error(`This line of the Dockerfile is not understood: ${line}`);
    }
  }
  return { root: stage.root, workdir: stage.at('.'), env: stage.env, entrypoint: stage.entrypoint };
}

const instructionsOf = (text: string): string[] =>
  text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');

function copy(rest: string, stage: Stage, from: { context: string; stages: ReadonlyMap<string, Stage> }): void {
  const [, other, paths = ''] = /^(?:--from=(\S+)\s+)?(.*)$/.exec(rest) ?? [];
  const words = paths.split(/\s+/);
  const target = words.pop() ?? '';
  for (const word of words) {
    const source = other === undefined ? join(from.context, word) : from.stages.get(other)!.at(word);
    const into = target.endsWith('/') ? join(stage.at(target), basename(word)) : stage.at(target);
    mkdirSync(dirname(into), { recursive: true });
    cpSync(source, into, { recursive: statSync(source).isDirectory(), verbatimSymlinks: true });
  }
}

function run(command: string, stage: Stage, binaries: string): void {
  const env = { ...process.env, ...stage.env, PATH: `${binaries}:${process.env['PATH'] ?? ''}` };
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], {
    cwd: stage.at('.'),
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('npm_'))),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`RUN ${command}\nended with ${status}:\n${stdout}\n${stderr}`);
}
