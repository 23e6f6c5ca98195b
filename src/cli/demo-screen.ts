/** What the demo prints of what GitHub shows: as people would read it, without a browser. */
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import { fullName } from '../domain/repository.ts';
import type { RunDocument } from '../domain/run/run-document.ts';
import { ladder } from './terminal/ladder.ts';

export const print = (line = ''): void => void process.stdout.write(`${line}\n`);

export function listStories(table: Readonly<Record<string, { readonly story: string }>>): number {
  for (const [name, { story }] of Object.entries(table)) print(`${name.padEnd(22)} ${story}`);
  return 0;
}

const WIDTH = 78;
const rule = (title: string): string => `── ${title} ${'─'.repeat(Math.max(3, WIDTH - title.length - 4))}`;

/** The newest check run, of a commit where one is named. */
export function showCheck({ checkRuns }: RepositoryRecord, sha?: string): void {
  const check = checkRuns.filter((each) => sha === undefined || each.headSha === sha).at(-1);
  if (check === undefined) return;
  print(`\n${rule(`check run "${check.name}" · ${check.conclusion}`)}`);
  print(check.title);
  print();
  print(asRead(check.summary));
  print('─'.repeat(WIDTH));
}

/** The newest pull request, as its page shows it. */
export function showPull({ pulls }: RepositoryRecord): void {
  const pull = pulls.at(-1);
  if (pull === undefined) return print('No pull request was opened.');
  const kind = pull.draft ? 'draft pull request' : 'pull request';
  print(`\n${rule(`${kind} #${pull.number} · ${pull.state} · ${(pull.labels ?? []).join(', ')}`)}`);
  print(pull.title);
  print();
  print(asRead(pull.body ?? ''));
  print('─'.repeat(WIDTH));
}

/** What the newest pull request would change. */
export async function showDiff({ git, pulls }: RepositoryRecord, base: string): Promise<void> {
  const head = pulls.at(-1)?.headRef;
  if (head !== undefined) print(await git.git('diff', '--unified=0', '--no-color', base, `refs/heads/${head}`));
}

export function showIssue({ issues }: RepositoryRecord): void {
  const issue = issues.at(-1);
  if (issue === undefined) return print('No issue was opened.');
  print(`\n${rule(`issue #${issue.number} · ${issue.state} · ${issue.labels.join(', ')}`)}`);
  print(issue.title);
  print();
  print(asRead(issue.body.replace(/^<!--.*-->\n/gm, '')));
  print('─'.repeat(WIDTH));
}

/** What `slsa-pipeline verify` shows of the same evidence, without the commands: this registry ends with the demo. */
export function showLadder({ evidence, request }: RunDocument): void {
  if (evidence?.kind !== 'assessed') return;
  const repository = fullName(request.repository);
  for (const line of ladder(evidence.assessment, { repository, commands: [] })) print(line);
}

/** Markdown's numeric entities as the characters that a browser shows. */
const asRead = (markdown: string): string =>
  markdown.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code))).replace(/\u2060/g, '');
