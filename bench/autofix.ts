/**
 * Repairs of a corpus over eight linters, by the whole way: the fixers alone, then the fixers and the model. Figures only; what must
 * never be (a finding that is new, a promise that was not kept) ends the benchmark.
 */
import { unzipSync } from 'fflate';
import { claude } from '../src/adapters/claude/claude.ts';
import { LINTERS } from '../sandbox/actions/megalinter/linters.ts';
import type { RepositoryRecord } from '../sandbox/github/world.ts';
import { changedLines } from '../src/domain/repair/changed-lines.ts';
import type { RepairOutcome } from '../src/domain/repair/repair-outcome.ts';
import { readEnvironment } from '../src/cli/environment.ts';
import { parseSarif } from '../src/domain/lint/read-sarif.ts';
import type { LintFinding } from '../src/domain/lint/lint-result.ts';
import { Secret } from '../src/domain/secret.ts';
import { scripted } from '../test/e2e/scripted-stages.ts';
import { StageSet, type StageSetOptions } from '../test/e2e/stage-set.ts';
import { CORPUS } from './autofix-corpus.ts';
import { atLeast, exactly, type Row } from './rows.ts';

const SETTINGS = 'preset: minimal\nfail_on_lint_errors: true\nafter_auto_fix: stop\n';
const RUN_LIMIT_MS = 120_000;

interface Repaired {
  readonly before: number;
  readonly gone: number;
  readonly lines: number;
  /** Changed lines that no finding is on. */
  readonly outside: number;
  readonly tokens: number;
  readonly notes: readonly string[];
}

export async function autofix(): Promise<Row[]> {
  const missing = Object.keys(CORPUS).filter(
    (tool) => !LINTERS.some((each) => each.tool === toolOf(tool) && each.command() !== null),
  );
  const tools = Object.keys(CORPUS).filter((tool) => !missing.includes(tool));
  const alone = await repairAll(tools, { claude: null });
  const both = await repairAll(tools, liveModel());
  const rows = tools.map((tool): Row => {
    const [fixers, all] = [alone.get(tool) ?? NOTHING, both.get(tool) ?? NOTHING];
    const measured = `${all.before} found; ${fixers.gone} by fixers alone, ${all.gone} with the model; ${all.before - all.gone} left; ${all.lines} lines changed, ${all.outside} of them without a finding; ${all.tokens} tokens`;
    return { what: tool, measured };
  });
  const sum = (of: ReadonlyMap<string, Repaired>, key: 'before' | 'gone' | 'tokens'): number =>
    [...of.values()].reduce((total, each) => total + each[key], 0);
  const found = sum(both, 'before');
  return [
    ...rows,
    ...missing.map((tool): Row => ({ what: tool, measured: 'not on this machine: skipped' })),
    atLeast('linters', new Set(tools.map(toolOf)).size, 8),
    atLeast('repaired by fixers alone, %', Math.round((100 * sum(alone, 'gone')) / Math.max(1, found)), 60),
    {
      what: 'repaired by fixers and model, %',
      measured: String(Math.round((100 * sum(both, 'gone')) / Math.max(1, found))),
    },
    exactly('tokens of fixers alone', sum(alone, 'tokens'), 0),
    { what: 'tokens with the model', measured: String(sum(both, 'tokens')) },
  ];
}

/** A folder is named after its linter, and what is special about it. */
const toolOf = (name: string): string => name.split(',')[0] ?? name;

const NOTHING: Repaired = { before: 0, gone: 0, lines: 0, outside: 0, tokens: 0, notes: [] };

/** The live model where a key is set; else the script. */
function liveModel(): Pick<StageSetOptions, 'claude'> {
  const {
    ANTHROPIC_API_KEY: apiKey,
    ANTHROPIC_BASE_URL: baseUrl,
    ANTHROPIC_MODEL: model,
  } = readEnvironment(process.env);
  if (apiKey === undefined) return {};
  return { claude: claude({ apiKey: new Secret(apiKey.reveal()), baseUrl, model, fetch: globalThis.fetch }) };
}

async function repairAll(tools: readonly string[], options: StageSetOptions): Promise<Map<string, Repaired>> {
  const set = await StageSet.open({
    kind: true,
    scripts: 'real',
    stageScripts: (services) => scripted({}, services, { runner: ['lint'] }),
    ...options,
  });
  try {
    const repaired = new Map<string, Repaired>();
    for (const tool of tools) repaired.set(tool, await repairOne(set, tool));
    return repaired;
  } finally {
    await set.close();
  }
}

async function repairOne(set: StageSet, tool: string): Promise<Repaired> {
  const repository = await set.repository(`corpus-${tool.replaceAll(/[^a-z-]/g, '-')}`, SETTINGS);
  const sha = await set.sandbox.push(repository, 'main', new Map(Object.entries(CORPUS[tool] ?? {})));
  const workflowId = set.idOf(repository, 'refs/heads/main', sha);
  await set.check(repository, workflowId, RUN_LIMIT_MS);
  const { repair, outcomes } = await set.result(workflowId);
  const errors = (outcomes.lint as { result?: { errors?: number } } | undefined)?.result?.errors ?? 0;
  if (repair?.kind !== 'proposed') return { ...NOTHING, before: errors, tokens: tokensOf(repair) };
  if (repair.after > repair.before) throw new Error(`${tool}: more findings than before`);
  const { lines, outside } = await linesOf(repository, sha);
  return {
    before: repair.before,
    gone: repair.before - repair.after,
    lines,
    outside,
    tokens: tokensOf(repair),
    notes: repair.notes,
  };
}

const tokensOf = (repair: RepairOutcome | undefined): number =>
  repair === undefined || repair.kind === 'already_proposed' || repair.use === null
    ? 0
    : repair.use.inputTokens + repair.use.outputTokens;

async function linesOf(repository: RepositoryRecord, sha: string): Promise<{ lines: number; outside: number }> {
  const { git, pulls, artifacts } = repository;
  const head = `refs/heads/${pulls.at(-1)?.headRef}`;
  const sarif = unzipSync(new Uint8Array(artifacts[0]?.zip ?? Buffer.alloc(0)))[
    'megalinter-reports/megalinter-report.sarif'
  ];
  const findings: readonly LintFinding[] = parseSarif(Buffer.from(sarif ?? []).toString()) ?? [];
  let lines = 0;
  let outside = 0;
  for (const { filename } of await git.changedFiles(sha, head)) {
    const [before, after] = await Promise.all([git.file(sha, filename), git.file(head, filename)]);
    const { at } = changedLines(before?.toString() ?? '', after?.toString() ?? '');
    const own = findings.filter(({ file }) => file === filename).map(({ line }) => line);
    lines += at.length;
    // Of a linter that tells places in SARIF: a formatter's finding is about the file as a whole.
    if (own.length > 0) outside += at.filter((line) => !own.includes(line)).length;
  }
  return { lines, outside };
}
