/** What the demo plays: each act is true where it ended as it should. */
import { execFile } from 'node:child_process';
import { basename, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { AttackScenario } from '../../sandbox/attacks.ts';
import { SCENARIOS, type Scenario } from '../../sandbox/scenarios.ts';
import { CODE_TO_REPAIR, HOSTILE_CODE } from './demo-code.ts';
import { print, showCheck, showDiff, showIssue, showLadder, showPull } from './demo-screen.ts';
import type { DemoSession } from './demo-session.ts';
import { UsageError } from './usage-error.ts';

const run = promisify(execFile);

export const REPAIR_STORY =
  "A push with lint errors gets a pull request: the linters' own fixers first, a model for the rest, then the linters again.";

export const FORK_STORY =
  'A newcomer opens a pull request from a fork: nothing of it is dispatched, and a person lets it count.';

/** Fixers and model together; a model that was talked over leaves the fixers' part. */
export async function repair(session: DemoSession, isHostile: boolean): Promise<boolean> {
  const { sandbox } = session;
  const app = await sandbox.createRepository('app');
  const files = await sandbox.fixture('clean');
  await app.git.commitFiles('main', files, 'A clean app');
  print(`\n${REPAIR_STORY}\n`);
  if (isHostile)
    print('This model does whatever any text within its question asks it to, and the code asks for a lot.\n');
  const code = isHostile ? HOSTILE_CODE : CODE_TO_REPAIR;
  const sha = await sandbox.push(app, 'main', new Map(Object.entries(code)), 'Be quick');
  const { verdict, repair } = await session.follow(app, 'main', sha);
  showCheck(app, sha);
  showPull(app);
  await showDiff(app, sha);
  return verdict?.kind === 'action_required' && repair?.kind === 'proposed';
}

/** Checked without a token, held back for a newcomer, and counted once somebody has read that very commit. */
export async function fromFork(session: DemoSession): Promise<boolean> {
  const { sandbox } = session;
  const app = await sandbox.createRepository('app');
  await app.git.commitFiles('main', await sandbox.fixture('clean'), 'A clean app');
  print(`\n1. ${FORK_STORY}\n`);
  sandbox.pullRuns.newcomers.add('mallory');
  const files = new Map([['NEWS.md', '# News\n\nA first contribution.\n']]);
  const pull = await sandbox.openForkPull(app, { files });
  const sha = pull.forkSha ?? '';
  const ref = `pull/${pull.number}/head`;
  await session.follow(app, ref, sha);
  showCheck(app, sha);
  const approval = `/slsa approve ${sha.slice(0, 12)}`;
  print(`\n2. kim, who may write, has read it, and comments \`${approval}\`.\n`);
  sandbox.comment(app, pull.number, 'kim', approval);
  const { verdict } = await session.follow(app, ref, sha, 2);
  showCheck(app, sha);
  print('\n3. The author pushes again: what was approved was the other commit.\n');
  const next = await sandbox.pushToFork(app, pull, new Map([['NEWS.md', '# News\n\nSomething else.\n']]));
  const last = await session.follow(app, ref, next);
  showCheck(app, next);
  return verdict?.kind === 'success' && last.verdict?.kind === 'action_required';
}

/** A fault that is survived first; then the one that was asked for, on the next commit. */
export async function withFaults(session: DemoSession, asked: Scenario): Promise<boolean> {
  const { sandbox } = session;
  const app = await sandbox.createRepository('app');
  const { 'scanner-recovers': survived } = SCENARIOS;
  const acts = survived === undefined || asked === survived ? [asked] : [survived, asked];
  const verdicts: string[] = [];
  for (const [index, scenario] of acts.entries()) {
    print(`\n${index + 1}. ${scenario.story} (Attempts are 3 and 6 s apart here, 1 and 4 minutes in earnest.)\n`);
    session.setScenario(scenario);
    const files = new Map([...(await sandbox.fixture('clean')), ['act.txt', `${index}\n`] as const]);
    const sha = await sandbox.push(app, 'main', files, `Act ${index + 1}`);
    const { verdict } = await session.follow(app, 'main', sha);
    showCheck(app, sha);
    verdicts.push(verdict?.kind ?? 'none');
  }
  return acts.every(({ verdict }, index) => verdicts[index] === verdict);
}

/** A clean commit whose evidence somebody tampers with: it must not pass as what it is not. */
export async function underAttack(session: DemoSession, { story }: AttackScenario): Promise<boolean> {
  const { sandbox } = session;
  const app = await sandbox.createRepository('app');
  print(`\nA clean commit is pushed to ${app.owner.login}/${app.name}. ${story}\n`);
  const sha = await sandbox.push(app, 'main', await sandbox.fixture('clean'), 'A clean app');
  const { verdict } = await session.follow(app, 'main', sha);
  showCheck(app);
  return verdict?.kind === 'failure';
}

/** A clean commit, then a pull request with lint errors and a vulnerable dependency, then `/slsa rerun` on it. */
export async function tour(session: DemoSession): Promise<boolean> {
  const { sandbox } = session;
  const app = await sandbox.createRepository('app');
  print(`\n1. A clean commit is pushed to ${app.owner.login}/${app.name}.\n`);
  const clean = await sandbox.push(app, 'main', await sandbox.fixture('clean'), 'A clean app');
  const first = await session.follow(app, 'main', clean);
  showCheck(app);

  print('\n2. A pull request brings lint errors and a vulnerable dependency.\n');
  const files = new Map([...(await sandbox.fixture('vulnerable')), ...(await sandbox.fixture('lint-errors'))]);
  const lock = (await sandbox.fixture('vulnerable')).get('package-lock.json') ?? '';
  const branch = new Map([...files, ['package-lock.json', lock] as const]);
  await app.git.git('branch', 'feature', 'main');
  const settings = await sandbox.setUpFiles(
    'preset: standard\nfail_on_lint_errors: false\nauto_fix_lint: false\nvulnerability_threshold: high\n',
  );
  await sandbox.push(app, 'main', settings, 'Do not stop at lint errors');
  const feature = await sandbox.push(app, 'feature', new Map([...branch, ...settings]), 'A feature');
  const pull = await sandbox.openPull(app, 'feature');
  await session.follow(app, 'feature', feature);
  showCheck(app, feature);

  print('\n3. It is merged all the same: on the default branch an issue tracks what was found.\n');
  const merged = await sandbox.push(app, 'main', new Map([...branch, ...settings]), 'Merge the feature');
  await session.follow(app, 'main', merged);
  showIssue(app);

  print('\n4. Somebody comments `/slsa rerun` on the pull request.\n');
  sandbox.comment(app, pull.number, 'kim', '/slsa rerun');
  await session.follow(app, 'feature', feature, 2);
  const reply = app.comments.at(-1);
  print(`\nreply      ${reply?.body.replace(/^<!--.*-->\n/, '') ?? ''}`);
  print(`\nThe clean commit: ${first.verdict?.kind}: ${first.verdict?.title}\n`);
  showLadder(first);
  return first.verdict?.kind === 'success' && app.issues.length > 0;
}

export async function runCheckout(session: DemoSession, path: string): Promise<boolean> {
  const { sandbox } = session;
  const folder = resolve(path);
  const name =
    basename(folder)
      .toLowerCase()
      .replace(/[^a-z0-9._-]/g, '-') || 'checkout';
  const repository = await sandbox.createRepository(name);
  const { url } = sandbox.webhooks.options;
  sandbox.webhooks.options.url = null;
  await run('git', ['-C', folder, 'push', '--quiet', sandbox.cloneUrl(repository), 'HEAD:refs/heads/main']).catch(
    (error: unknown) => {
      throw new UsageError(
        `--repo: ${folder} is no git checkout with a commit: ${error instanceof Error ? (error.message.split('\n')[1] ?? '') : ''}`,
      );
    },
  );
  sandbox.webhooks.options.url = url;
  print(
    `\nThe checkout at ${folder} is pushed to ${repository.owner.login}/${repository.name}, with the stage files on top.\n`,
  );
  const sha = await sandbox.push(repository, 'main', await sandbox.setUpFiles(), 'Set up the SLSA pipeline');
  const { verdict } = await session.follow(repository, 'main', sha);
  showCheck(repository);
  return verdict?.kind === 'success';
}
