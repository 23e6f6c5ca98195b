/** `demo`: the whole product against a GitHub in a box, with no account and no network. */
import { ATTACKS, type AttackScenario } from '../../sandbox/attacks.ts';
import { competent, hostile } from '../../sandbox/claude/models.ts';
import { SCENARIOS } from '../../sandbox/scenarios.ts';
import { FORK_STORY, fromFork, repair, REPAIR_STORY, runCheckout, tour, underAttack, withFaults } from './demo-acts.ts';
import { listStories } from './demo-screen.ts';
import { DemoSession } from './demo-session.ts';
import type { Environment } from './environment.ts';
import { untilStopped } from './processes/until-stopped.ts';
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

type Act = (session: DemoSession) => Promise<boolean>;

/** 130 is what shells expect of a program that Ctrl-C ended. */
const EXIT = { asExpected: 0, otherwise: 1, interrupted: 130 } as const;

/** @throws UsageError, and Error where it cannot start */
export async function demo(options: DemoOptions, environment: Environment): Promise<number> {
  if (options.attack === 'list') return listStories(ATTACKS);
  if (options.scenario === 'list') return listStories(STORIES);
  const act = actOf(options);
  const attack = options.attack === undefined ? null : named('--attack', ATTACKS, options.attack);
  const stopped = untilStopped().then(() => EXIT.interrupted);
  const started = new AsyncDisposableStack();
  try {
    return await Promise.race([stopped, play(act, { options, environment, attack, started, stopped })]);
  } finally {
    await started.disposeAsync();
  }
}

interface Play {
  readonly options: DemoOptions;
  readonly environment: Environment;
  readonly attack: AttackScenario | null;
  readonly started: AsyncDisposableStack;
  readonly stopped: Promise<number>;
}

async function play(act: Act, { options, environment, attack, started, stopped }: Play): Promise<number> {
  const session = await DemoSession.open(environment, attack, started);
  const isDone = await act(session);
  session.farewell();
  if (options.keep) {
    session.announceRemote();
    await stopped;
  }
  return isDone ? EXIT.asExpected : EXIT.otherwise;
}

/** Models of the sandbox's Claude. */
const MODELS = { scripted: competent, hostile } as const;

const FAULTS = Object.entries(SCENARIOS).map(
  ([name, fault]) => [name, { story: fault.story, act: (session: DemoSession) => withFaults(session, fault) }] as const,
);

const STORIES: Readonly<Record<string, { readonly story: string; readonly act: Act }>> = {
  ...Object.fromEntries(FAULTS),
  fork: { story: FORK_STORY, act: fromFork },
  repair: { story: REPAIR_STORY, act: (session) => repair(session, false) },
};

function actOf({ attack, scenario, model, repo }: DemoOptions): Act {
  const chosen = Object.entries({ attack, scenario, repo }).filter(([, value]) => value !== undefined);
  if (chosen.length > 1) {
    const [first, second] = chosen.map(([name]) => `--${name}`);
    throw new UsageError(`${first} and ${second} are two different demos: give one of them.`);
  }
  if (model !== undefined) {
    if (attack !== undefined || repo !== undefined || (scenario ?? 'repair') !== 'repair')
      throw new UsageError('--model: only a repair asks a model. It goes with --scenario repair.');
    const chosen = named('--model', MODELS, model);
    return (session) => {
      session.setModel(chosen);
      return repair(session, chosen === hostile);
    };
  }
  if (scenario !== undefined) return named('--scenario', STORIES, scenario).act;
  if (attack !== undefined) return (session) => underAttack(session, named('--attack', ATTACKS, attack));
  return repo === undefined ? tour : (session) => runCheckout(session, repo);
}

function named<T>(flag: string, table: Readonly<Record<string, T>>, name: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined) throw new UsageError(`${flag}: ${name} is not one of ${Object.keys(table).join(', ')}.`);
  return found;
}
