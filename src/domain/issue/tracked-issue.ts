/** An issue of ours, and what this run has done with it. */
export interface TrackedIssue {
  readonly number: number;
  readonly url: string;
  /** `left_closed`: somebody has closed it as not planned, which is theirs to decide. */
  readonly how: 'opened' | 'updated' | 'reopened' | 'left_closed' | 'closed';
}

const WORDS: Readonly<Record<TrackedIssue['how'], (issue: string) => string>> = {
  opened: (issue) => `${issue} was opened, and tracks this until it is clean.`,
  updated: (issue) => `${issue} tracks this until it is clean.`,
  reopened: (issue) => `${issue} was opened again, and tracks this until it is clean.`,
  left_closed: (issue) => `${issue} is about this; somebody closed it as not planned, so it stays closed.`,
  closed: (issue) => `${issue} was closed: what it tracked is over.`,
};

export const describeIssue = ({ how, number }: TrackedIssue): string => WORDS[how](`Issue #${number}`);

/** The same with its address, for Markdown; both are GitHub's own words. */
export const linkIssue = ({ how, number, url }: TrackedIssue): string => WORDS[how](`Issue [#${number}](${url})`);
