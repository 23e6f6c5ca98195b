/** A change of the settings file that people review: what `/slsa accept` and the button "Set up" lead to. */
import { createHash } from 'node:crypto';
import type { GitHub } from '../src/adapters/github/github.ts';
import type { Contents } from '../src/adapters/github/contents.ts';
import type { ProposedPull, Proposals } from '../src/adapters/github/proposals.ts';
import { branchRef, type CommitSha } from '../src/domain/git.ts';
import { inertMarkdown } from '../src/domain/report/plain-text.ts';
import type { Repository } from '../src/domain/repository.ts';
import { withException } from '../src/domain/settings/accept-exception.ts';
import { SETTINGS_PATH, type Exception } from '../src/domain/settings/settings-schema.ts';
import { answer, type Answer } from './failures.ts';

export interface ProposalInput {
  readonly repository: Repository;
  /** The branch whose settings are to be changed. */
  readonly base: string;
  /** Login of who asked, for people to know. */
  readonly by: string;
  readonly edit: { readonly kind: 'set_up' } | { readonly kind: 'accept'; readonly exception: Exception };
}

export type Proposed =
  | { readonly kind: 'proposed'; readonly pull: ProposedPull }
  /** Goes on after "I cannot: ". */
  | { readonly kind: 'refused'; readonly why: string };

export interface ProposalActivities {
  proposeSettings(input: ProposalInput): Promise<Answer<Proposed>>;
}

export const createProposalActivities = (github: GitHub): ProposalActivities => ({
  proposeSettings: (input) => answer(() => propose(github, input)),
});

/** Each step looks before it makes, so that a second try goes on where the first one ended; what others left there is not adopted. */
async function propose(github: GitHub, input: ProposalInput): Promise<Proposed> {
  const { repository, base } = input;
  const { proposals, contents } = github.repository(repository);
  const { branch, title, body } = wordsOf(input);
  const { userId } = await github.identity();
  const open = await proposals.openBy(userId, { owner: repository.owner, head: branch, base });
  if (open !== null) return { kind: 'proposed', pull: open };
  const wanted = await textFor(proposals, input);
  if (wanted.kind === 'refused') return wanted;
  const tip = await contents.commitAt(branchRef(base));
  if (tip === null) return { kind: 'refused', why: `the branch ${base} is gone` };
  const taken = { kind: 'refused', why: `the branch ${branch} is there already: delete it, then ask again` } as const;
  const isNew = await proposals.createBranch(branch, tip);
  const at = isNew ? tip : await contents.commitAt(branchRef(branch));
  if (at === null) return taken;
  if (at === tip) {
    const there = await proposals.file(SETTINGS_PATH, `refs/heads/${branch}`);
    const change = { path: SETTINGS_PATH, branch, text: wanted.text, message: title, replaces: there?.sha ?? null };
    await proposals.write(change);
  } else if (!(await holdsOnly(contents, { tip, at, text: wanted.text }))) return taken;
  return { kind: 'proposed', pull: await proposals.open({ title, body, head: branch, base }) };
}

interface Written {
  readonly tip: CommitSha;
  readonly at: CommitSha;
  readonly text: string;
}

/** What an earlier try wrote is the settings alone: anything else on the branch would be proposed in this App's name. */
async function holdsOnly(contents: Contents, { tip, at, text }: Written): Promise<boolean> {
  const changed = await contents.changedPaths(tip, at);
  const isAlone = changed?.length === 1 && changed[0] === SETTINGS_PATH;
  return isAlone && (await contents.fileAt(SETTINGS_PATH, at)) === text;
}

async function textFor(
  proposals: Proposals,
  { base, edit }: ProposalInput,
): Promise<{ kind: 'text'; text: string } | { kind: 'refused'; why: string }> {
  const file = await proposals.file(SETTINGS_PATH, `refs/heads/${base}`);
  if (edit.kind === 'accept')
    return withException(file?.text ?? '', edit.exception, new Date().toISOString().slice(0, 10));
  return file === null
    ? { kind: 'text', text: FIRST_SETTINGS }
    : { kind: 'refused', why: `${SETTINGS_PATH} is there already on ${base}` };
}

const FIRST_SETTINGS = `# What this repository asks of the SLSA pipeline. Everything is optional: docs/settings.md of the App says what there is.
version: 1
preset: standard
`;

interface Words {
  readonly branch: string;
  readonly title: string;
  readonly body: string;
}

function wordsOf({ edit, base, by }: ProposalInput): Words {
  if (edit.kind === 'set_up') {
    return {
      branch: 'slsa/setup',
      title: 'Set up the SLSA pipeline',
      body: [
        `This adds \`${SETTINGS_PATH}\`, with preset \`standard\`. The stage workflows are added by one command in a checkout of this branch, since this App never asks for the permission to write workflows:`,
        '',
        '```',
        'slsa-pipeline init',
        '```',
        '',
        'Commit what it writes, then merge: the next push is run.',
      ].join('\n'),
    };
  }
  const { id, until, reason, package: name } = edit.exception;
  return {
    // The same wish finds its pull request again; another one, for another package say, gets its own.
    branch: `slsa/accept/${id}-${until}-${shortHash(JSON.stringify([base, edit.exception]))}`,
    title: `Accept ${id} until ${until}`,
    body: [
      `\`${id}\`${name === undefined ? '' : ` in \`${name.replaceAll('`', "'")}\``} does not stop runs on \`${base}\` until ${until}, once this is merged. From the next day on it does again, without anybody having to remember.`,
      '',
      `Reason: ${inertMarkdown(reason, 300)}`,
      '',
      `Asked for by ${inertMarkdown(by, 100)}.`,
    ].join('\n'),
  };
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 7);
