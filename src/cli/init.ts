/** `init`: writes the stage files into a checkout, rendered for the operator's builder, and settings where there are none. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuilderWorkflow } from '../domain/build/builder.ts';
import { readSettings } from '../domain/settings/read-settings.ts';
import { SETTINGS_PATH, type SettingsFile } from '../domain/settings/settings-schema.ts';
import { FORK_CHECK_FILE } from '../domain/fork/fork-check.ts';
import { OWN_PLAN, ownPlanFiles, renderForkCheck, renderStageFiles } from '../domain/stage/render-stage-files.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../domain/stage/stage-table.ts';
import type { Environment } from './environment.ts';
import { refuseLink } from './refuse-link.ts';
import { UsageError } from './usage-error.ts';
import { readStageSources } from './stage-sources.ts';

export interface InitOptions {
  readonly builder?: string;
  /** Writes nothing: says what differs. */
  readonly check: boolean;
}

export interface Initialised {
  readonly lines: readonly string[];
  /** Files that are missing or other than rendered. */
  readonly differing: number;
}

/** @throws UsageError */
export function init(folder: string, options: InitOptions, environment: Environment): Initialised {
  if (!existsSync(join(folder, '.git'))) throw new UsageError(`${folder} is no git checkout: run this where .git is.`);
  const builder = builderFor(options, environment);
  for (const path of PLACES) refuseLink(folder, path);
  const timeoutMinutes = timeoutsOf(settingsIn(folder));
  const sources = readStageSources();
  const rendered = renderStageFiles(sources, { builder, timeoutMinutes });
  const files = new Map(STAGES.map((stage) => [pathOf(stage), rendered[stage]]));
  files.set(FORK_CHECK, renderForkCheck(sources, builder));
  if (builder === null) for (const [path, text] of ownPlanFiles(sources)) files.set(path, text);
  if (!existsSync(join(folder, SETTINGS_PATH))) files.set(SETTINGS_PATH, 'preset: standard\n');
  const differing = [...files].filter(([path, text]) => textOf(join(folder, path)) !== text);
  const wasThere = new Set(differing.map(([path]) => path).filter((path) => existsSync(join(folder, path))));
  if (!options.check) for (const [path, text] of differing) write(join(folder, path), text);
  const verb = (path: string): string => {
    const isThere = wasThere.has(path);
    if (options.check) return isThere ? 'differs' : 'missing';
    return isThere ? 'written over' : 'written';
  };
  const width = Math.max(0, ...differing.map(([path]) => verb(path).length));
  const by = builder ?? 'this repository itself: Build L2 at best';
  return {
    differing: differing.length,
    lines: [
      `Builder: ${by}`,
      ...(differing.length === 0
        ? ['All files are as rendered.']
        : differing.map(([path]) => `${verb(path).padEnd(width)}  ${path}`)),
      ...(options.check || differing.length === 0 ? [] : ['Commit these to the default branch, then push.']),
    ],
  };
}

const FORK_CHECK = `.github/workflows/${FORK_CHECK_FILE}`;
const pathOf = (stage: Stage): string => `.github/workflows/${STAGE_TABLE[stage].file}`;

/** Everything that is written, and the folders on the way. */
const PLACES = [
  '.github',
  '.github/workflows',
  SETTINGS_PATH,
  ...STAGES.map(pathOf),
  FORK_CHECK,
  OWN_PLAN,
  `${OWN_PLAN}/action.yml`,
  `${OWN_PLAN}/plan.mjs`,
];

function builderFor({ builder }: InitOptions, environment: Environment): BuilderWorkflow | null {
  if (builder === undefined) return environment.BUILDER_WORKFLOW ?? null;
  const parsed = BuilderWorkflow.safeParse(builder);
  if (parsed.success) return parsed.data;
  throw new UsageError(`--builder: ${parsed.error.issues[0]?.message ?? 'not accepted'}.`);
}

function settingsIn(folder: string): SettingsFile {
  const text = textOf(join(folder, SETTINGS_PATH));
  const reading = text === null ? { kind: 'settings' as const, settings: {} } : readSettings(text);
  if (reading.kind === 'settings') return reading.settings;
  const mistakes = reading.mistakes.map(
    ({ line, column, message }) => `  ${SETTINGS_PATH}:${line}:${column} ${message}`,
  );
  throw new UsageError(['The settings have mistakes:', ...mistakes].join('\n'));
}

const timeoutsOf = ({ stages }: SettingsFile): Partial<Record<Stage, number>> =>
  Object.fromEntries(
    Object.entries(stages ?? {}).flatMap(([stage, own]) =>
      own.timeout_minutes === undefined ? [] : [[stage, own.timeout_minutes]],
    ),
  );

const textOf = (path: string): string | null => (existsSync(path) ? readFileSync(path, 'utf8') : null);

function write(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}
