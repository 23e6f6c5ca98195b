/** `demo`: the whole product against a GitHub in a box, with no account and no network. */
import { ATTACKS } from '../../sandbox/attacks.ts';
import { competent, hostile } from '../../sandbox/claude/models.ts';
import { SCENARIOS } from '../../sandbox/scenarios.ts';
import { FORK_STORY, fromFork, repair, REPAIR_STORY, runCheckout, tour, underAttack, withFaults } from './demo-acts.ts';
import { listStories } from './demo-screen.ts';
import { Stage } from './demo-stage.ts';
import type { Environment } from './environment.ts';
import { UsageError } from './usage-error.ts';

export interface DemoOptions {
  readonly keep: boolean;
  /** A local git checkout that is run instead of the fixtures. */
  readonly repo?: string;
  /** Somebody tampers with the evidence: a name of sandbox/attacks.ts. */
  readonly attack?: string;
  /** A story of its own, or a fault of infrastructure: a name of sandbox/scenarios.ts. */
  readonly scenario?: string;
  /** Who repairs: a name of MODELS. */
  readonly model?: string;
}

type Act = (stage: Stage) => Promise<boolean>;

export async function demo(options: DemoOptions, environment: Environment): Promise<number> {
  if (options.attack === 'list') return listStories(ATTACKS);
  if (options.scenario === 'list') return listStories(STORIES);
  const act = actOf(options);
  const attack = options.attack === undefined ? null : named('--attack', ATTACKS, options.attack);
  const stage = await Stage.open(environment, attack);
  try {
    const isDone = await act(stage);
    stage.farewell();
    if (options.keep) await stage.untilInterrupted();
    return isDone ? 0 : 1;
  } finally {
    await stage.close();
  }
}

/** Models of the sandbox's Claude. */
const MODELS = { scripted: competent, hostile } as const;

const FAULTS = Object.entries(SCENARIOS).map(
  ([name, fault]) => [name, { story: fault.story, act: (stage: Stage) => withFaults(stage, fault) }] as const,
);

const STORIES: Readonly<Record<string, { readonly story: string; readonly act: Act }>> = {
  ...Object.fromEntries(FAULTS),
  fork: { story: FORK_STORY, act: fromFork },
  repair: { story: REPAIR_STORY, act: (stage) => repair(stage, false) },
};

function actOf({ attack, scenario, model, repo }: DemoOptions): Act {
  if (model !== undefined) {
    if (attack !== undefined || repo !== undefined || (scenario ?? 'repair') !== 'repair')
      throw new UsageError('--model: only a repair asks a model. It goes with --scenario repair.');
    const chosen = named('--model', MODELS, model);
    return (stage) => {
      stage.setModel(chosen);
      return repair(stage, chosen === hostile);
    };
  }
  if (scenario !== undefined) return named('--scenario', STORIES, scenario).act;
  if (attack !== undefined) return (stage) => underAttack(stage, named('--attack', ATTACKS, attack));
  return repo === undefined ? tour : (stage) => runCheckout(stage, repo);
}

function named<T>(flag: string, table: Readonly<Record<string, T>>, name: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined) throw new UsageError(`${flag}: ${name} is not one of ${Object.keys(table).join(', ')}.`);
  return found;
}
