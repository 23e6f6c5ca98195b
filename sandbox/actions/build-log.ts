/** What buildx prints of a build that fails: the vertices as far as they went, the Dockerfile's line, and the error. */
import { createHash } from 'node:crypto';

export interface Instruction {
  readonly word: string;
  readonly rest: string;
  /** Where it begins, counted from 1. */
  readonly line: number;
}

export interface BuildProblem {
  /** What ends the build, in BuildKit's words. */
  readonly message: string;
  /** The instruction that failed, and what its own vertex says; null where none was reached. */
  readonly at: { readonly instruction: Instruction; readonly says: string } | null;
}

/** COPY and ADD of what is not there. Source: moby/buildkit, `cache/contenthash`. */
export function notFound(instruction: Instruction, source: string): BuildProblem {
  const hash = createHash('sha256').update(source).digest('hex');
  const says = `failed to calculate checksum of ref ${hash.slice(0, 25)}::${hash.slice(25, 50)}: "/${source}": not found`;
  return { message: `failed to compute cache key: ${says}`, at: { instruction, says } };
}

/** A command of the Dockerfile that failed. Source: moby/buildkit, `solver/errdefs/exec.go`. */
export function ended(instruction: Instruction, exitCode: number): BuildProblem {
  const says = `process "/bin/sh -c ${instruction.rest}" did not complete successfully: exit code: ${exitCode}`;
  return { message: says, at: { instruction, says } };
}

interface Build {
  readonly dockerfile: string;
  readonly text: string;
  readonly instructions: readonly Instruction[];
  readonly problem: BuildProblem;
}

/** As docker/build-push-action shows it, whose own error repeats the last line. */
export function failedBuildLog(build: Build): string[] {
  const error = `ERROR: failed to build: failed to solve: ${build.problem.message}`;
  return [
    `/usr/bin/docker buildx build --file ./${build.dockerfile} --no-cache --provenance false --push .`,
    '#0 building with "builder" instance using docker-container driver',
    '',
    '#1 [internal] load build definition from Dockerfile',
    `#1 transferring dockerfile: ${Buffer.byteLength(build.text)}B done`,
    '#1 DONE 0.0s',
    '',
    ...vertices(build),
    error,
    `##[error]buildx failed with: ${error}`,
  ];
}

const VERTEX = ['FROM', 'COPY', 'ADD', 'RUN', 'WORKDIR'];
/** The ones before are of the builder itself: its definition, the ignore file and the context. */
const FIRST_NUMBER = 4;

function vertices({ instructions, problem: { at }, dockerfile, text }: Build): string[] {
  if (at === null) return [];
  const steps = instructions.filter(({ word, rest }) => VERTEX.includes(word) && `${word} ${rest}` !== 'FROM scratch');
  const failed = steps.indexOf(at.instruction);
  const title = (index: number): string =>
    `[${index + 1}/${steps.length}] ${steps[index]?.word ?? ''} ${steps[index]?.rest ?? ''}`;
  const before = steps.slice(0, failed).flatMap((_, index) => {
    const number = FIRST_NUMBER + index;
    return [`#${number} ${title(index)}`, `#${number} DONE 0.1s`, ''];
  });
  const number = FIRST_NUMBER + failed;
  return [
    ...['#2 [internal] load .dockerignore', '#2 transferring context: 2B done', '#2 DONE 0.0s', ''],
    ...['#3 [internal] load build context', '#3 transferring context: 2.1kB done', '#3 DONE 0.0s', ''],
    ...before,
    ...[`#${number} ${title(failed)}`, `#${number} ERROR: ${at.says}`],
    ...['------', ` > ${title(failed)}:`, '------'],
    ...excerpt(text, dockerfile, at.instruction.line),
  ];
}

const RULE = '--------------------';
const LINES_ROUND = 2;

function excerpt(text: string, dockerfile: string, line: number): string[] {
  const shown = text.trimEnd().split(/\r?\n/);
  const from = Math.max(0, line - 1 - LINES_ROUND);
  const lines = shown.slice(from, line + LINES_ROUND).map((each, index) => {
    const number = from + index + 1;
    return `${String(number).padStart(4)} | ${number === line ? '>>>' : '   '} ${each}`;
  });
  return [`${dockerfile}:${line}`, RULE, ...lines, RULE];
}
