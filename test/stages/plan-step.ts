/** The isolated builder's plan step, run outside of Actions: its own pip command, its own program, many cases to a process. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { findTool, readStageFile, sha256, stepNamed } from './stage-files.ts';

/** The interpreter itself: what PATH names may be a script that looks for it, which takes longer than to plan. */
export const python = interpreter();

function interpreter(): string | null {
  const found = findTool('python3');
  if (found === null) return null;
  const { status, stdout } = spawnSync(found, ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

const fetching = stepNamed(readStageFile('builder'), 'Fetch the one tool that reads YAML').step;
const planning = stepNamed(readStageFile('builder'), 'Plan').step;

/** Named by what is fetched, so that another pin is fetched anew. */
const CACHE = join(tmpdir(), `slsa-pipeline-stage-tests-${sha256(JSON.stringify(fetching)).slice(0, 16)}`);

/**
 * The library that the step fetches, fetched once by the step itself: a folder that can be a job's RUNNER_TEMP, with the
 * library below `yaml`. Null where pip or its index cannot be reached.
 */
export const yamlTool: string | null = existsSync(CACHE) ? CACHE : fetchYamlTool();

function fetchYamlTool(): string | null {
  if (python === null) return null;
  const folder = mkdtempSync(join(tmpdir(), 'slsa-pipeline-fetch-'));
  const { status } = spawnSync('bash', ['-eo', 'pipefail', '-c', fetching.run ?? ''], {
    env: { ...process.env, ...fetching.env, RUNNER_TEMP: folder, PIP_RETRIES: '1', PIP_TIMEOUT: '10' },
    timeout: 50_000,
  });
  if (status === 0 && moved(folder)) return CACHE;
  rmSync(folder, { recursive: true, force: true });
  return existsSync(CACHE) ? CACHE : null;
}

/** False where another test file was faster. */
function moved(folder: string): boolean {
  try {
    renameSync(folder, CACHE);
    return true;
  } catch {
    return false;
  }
}

export interface PlanCase {
  /** The settings file; null where there is none. */
  readonly settings: string | null;
  readonly flags?: string;
  readonly repository?: string;
  readonly ref?: string;
  readonly defaultBranch?: string;
  readonly visibility?: string;
  readonly sha: string;
}

const Ended = z.object({
  /** `refused`: it said what is wrong, and ended. `crashed` is not what a program of ours should do. */
  kind: z.enum(['planned', 'refused', 'crashed']),
  says: z.string(),
  outputs: z.record(z.string(), z.string()),
});
export type PlanEnded = z.infer<typeof Ended>;

/** The program that the step writes for itself, without its last line, which starts it. */
const planProgram = (): string => {
  const program = /<<'END'\n([\s\S]*?)\nmain\(os\.environ\)\nEND\n/.exec(planning.run ?? '')?.[1];
  if (program === undefined) throw new Error('The plan step holds no program');
  return program;
};

/** Reads the program, then runs it for each case in a folder of its own, and says how each ended. */
const DRIVER = `
import contextlib, io, json, os, re, sys, tempfile
asked = json.load(sys.stdin)
program = {"__name__": "plan"}
exec(compile(asked["program"], "plan.py", "exec"), program)

def outputs_of(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    found, rest = {}, text
    while rest:
        name, end, value, rest = re.match(r"([a-z_]+)<<(.*)\\n([\\s\\S]*?)\\n\\2\\n([\\s\\S]*)$", rest).groups()
        found[name] = value
    return found

def run(case):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if case["settings"] is not None:
            os.mkdir(".github")
            with open(".github/slsa-pipeline.yml", "w", encoding="utf-8", newline="") as file:
                file.write(case["settings"])
        env = {**case["env"], "GITHUB_OUTPUT": os.path.join(folder, "output")}
        kind, said = "planned", io.StringIO()
        with contextlib.redirect_stdout(said):
            try:
                program["main"](env)
            except SystemExit as end:
                kind = "refused" if end.code == 1 else "crashed"
            except BaseException as error:
                kind = "crashed"
                print(type(error).__name__, error)
        ended = {"kind": kind, "says": said.getvalue(), "outputs": outputs_of(env["GITHUB_OUTPUT"])}
        os.chdir("/")
        return ended

json.dump([run(case) for case in asked["cases"]], sys.stdout)
`;

export function runPlans(cases: readonly PlanCase[]): PlanEnded[] {
  const asked = {
    program: planProgram(),
    cases: cases.map((each) => ({ settings: each.settings, env: envOf(each) })),
  };
  const { status, stdout, stderr } = spawnSync(python ?? 'python3', ['-I', '-c', DRIVER], {
    input: JSON.stringify(asked),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: {
      PATH: process.env['PATH'] ?? '',
      RUNNER_TEMP: yamlTool ?? '',
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONIOENCODING: 'utf-8:surrogatepass',
    },
  });
  if (status !== 0) throw new Error(`The plans were not run: ${stderr}`);
  return z.array(Ended).parse(JSON.parse(stdout));
}

/** The step's `env:`, its expressions filled in; beside it, the runner's own word for the commit. */
function envOf(facts: PlanCase): Record<string, string> {
  const known: Readonly<Record<string, string>> = {
    '${{ github.repository }}': facts.repository ?? 'acme/app',
    '${{ github.ref }}': facts.ref ?? 'refs/heads/main',
    '${{ github.event.repository.default_branch }}': facts.defaultBranch ?? 'main',
    '${{ github.event.repository.visibility }}': facts.visibility ?? 'private',
  };
  const filled = Object.entries(planning.env).map(([name, text]): [string, string] => [name, known[text] ?? text]);
  return { ...Object.fromEntries(filled), FLAGS: facts.flags ?? '{}', GITHUB_SHA: facts.sha };
}

/** The whole step as the builder has it, by bash, in this folder. */
export function runPlanStep(folder: string, planCase: PlanCase): { status: number | null; stdout: string } {
  const temp = join(folder, 'temp');
  mkdirSync(temp);
  if (planCase.settings !== null) {
    mkdirSync(join(folder, '.github'));
    writeFileSync(join(folder, '.github/slsa-pipeline.yml'), planCase.settings);
  }
  if (spawnSync('cp', ['-r', join(yamlTool ?? '', 'yaml'), temp]).status !== 0) throw new Error('Nothing was copied');
  return spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', planning.run ?? ''], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...envOf(planCase),
      PATH: process.env['PATH'] ?? '',
      RUNNER_TEMP: temp,
      GITHUB_OUTPUT: join(folder, 'output'),
    },
  });
}
