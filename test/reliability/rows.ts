/**
 * What this project promises about faults (F) and threats (T), a row each. Tests name the rows that they prove at the beginning
 * of their names; docs/reliability.md is made of both.
 */

export interface Row {
  readonly id: string;
  readonly promise: string;
}

export const ROWS: readonly Row[] = [
  { id: 'F1', promise: 'The same event again, or several events of one commit, make one run.' },
  { id: 'F2', promise: "Events that overtake each other change nothing: the API's word counts." },
  { id: 'F3', promise: 'Late events find a run that has gone on without them.' },
  {
    id: 'F4',
    promise: 'A delivery that failed is found and asked for again, at the start of a worker and every five minutes.',
  },
  {
    id: 'F5',
    promise:
      'A stage that cannot even start is noticed without a webhook; where its file is not ours, a person is asked.',
  },
  { id: 'F6', promise: 'Odd payloads start nothing and crash nothing.' },
  { id: 'F7', promise: 'While Temporal is down GitHub is told to keep events, and they are run afterwards.' },
  { id: 'F8', promise: 'Reads that fail for a while are repeated.' },
  { id: 'F9', promise: 'A write whose answer is lost is looked for before it is made again.' },
  { id: 'F10', promise: 'A rate limit is slept out, for the whole installation and for no other.' },
  { id: 'F11', promise: 'A token that has expired is replaced once; a key that is refused is said.' },
  { id: 'F12', promise: 'What GitHub does not show at once is looked for again.' },
  { id: 'F13', promise: 'Each refusal of GitHub means something: adopt, ask a person, or cut to size before sending.' },
  { id: 'F14', promise: 'A repository or an installation that is gone ends the run with a reason.' },
  { id: 'F15', promise: 'Faults of infrastructure are tried again, shown, and never held against the commit.' },
  { id: 'F16', promise: 'Polling costs little: what has not changed is not sent again.' },
  { id: 'F17', promise: 'A stage that somebody cancels ends the run as cancelled, naming who, with no issue.' },
  { id: 'F18', promise: 'A re-run of a stage by hand counts while it is waited for, and changes nothing afterwards.' },
  { id: 'F19', promise: 'A stage that is never taken, or never ends, is ended with the reason.' },
  {
    id: 'F20',
    promise: 'An artifact that is missing, expired, doubled, cut or swapped is no result, and never a pass.',
  },
  { id: 'F21', promise: 'A branch that moves before its stage has started is not built under the old name.' },
  { id: 'F22', promise: 'A newer commit takes over where it may, and never are there two runs of a ref.' },
  { id: 'F23', promise: 'A Temporal server that is killed and comes back loses no run.' },
  { id: 'F24', promise: 'A worker that is killed anywhere costs seconds, and nothing is done twice.' },
  { id: 'F25', promise: 'Both processes end in order on SIGTERM.' },
  {
    id: 'F26',
    promise: 'A new version of the workflows takes over running pipelines, and the replay gate stops one that cannot.',
  },
  { id: 'F27', promise: 'Reports of any size leave histories small.' },
  { id: 'F28', promise: 'A run that cannot go on, or was ended from outside, leaves no check open.' },
  { id: 'F29', promise: 'Every call has an end.' },
  { id: 'F30', promise: 'A flood of signals does not fill a history.' },
  { id: 'F31', promise: 'A clock that is wrong is said to be wrong.' },
  { id: 'F32', promise: 'Faults of the model end the repair, not the run.' },
  { id: 'F33', promise: 'Answers of the model that cannot be used change nothing.' },
  { id: 'F34', promise: 'An answer that is cut or late has no effect.' },
  { id: 'F35', promise: 'An MCP server that misbehaves is replaced, and leaves nothing behind.' },
  {
    id: 'F36',
    promise: 'Branches and pull requests that are there already are adopted, never overwritten.',
  },
  { id: 'F37', promise: 'A disk that is full does not end a process that keeps nothing on it.' },
  { id: 'F38', promise: 'Evidence that cannot be looked at is no result, and no lower level.' },
  { id: 'F39', promise: 'A peer that never answers is given up in time.' },
  { id: 'F40', promise: 'Several processes of each kind share the work.' },
  { id: 'T1', promise: 'Nothing of a fork is ever dispatched.' },
  { id: 'T2', promise: 'An approval is for one commit.' },
  { id: 'T3', promise: 'Only a new comment of somebody who may write does anything.' },
  { id: 'T4', promise: 'People are their numeric ids, compared whole.' },
  { id: 'T5', promise: 'Names of branches and titles are data, in the service and in the stage files.' },
  { id: 'T6', promise: 'An event whose bytes are not signed with our secret is refused.' },
  { id: 'T7', promise: 'A delivery that is replayed starts nothing.' },
  { id: 'T8', promise: 'Bodies are bounded before they are read.' },
  { id: 'T9', promise: 'A pull request cannot loosen its own gate.' },
  { id: 'T10', promise: 'Our own commits start no repair.' },
  { id: 'T11', promise: 'Nothing that people write reaches the model.' },
  { id: 'T12', promise: 'The model and its tools see no secret.' },
  { id: 'T13', promise: "A repair's token reaches one repository." },
  { id: 'T14', promise: 'A repair writes only files with findings.' },
  { id: 'T15', promise: 'A repair that hides a finding is refused.' },
  { id: 'T16', promise: 'A repair is a draft, on a branch of its own, and is never merged by us.' },
  { id: 'T17', promise: 'Text of others is shown as the characters that it is.' },
  { id: 'T18', promise: 'However often something fails: one issue, and no mention or closing word in it works.' },
  { id: 'T19', promise: 'Repairs have a budget.' },
  { id: 'T20', promise: 'Of an archive only the expected names are read, and nothing is extracted.' },
  { id: 'T21', promise: 'An archive that inflates without end is given up, and the worker lives.' },
  { id: 'T22', promise: 'Settings that are made to hurt are refused quickly.' },
  { id: 'T23', promise: 'Reports that are made to hurt are refused, and change no prototype.' },
  { id: 'T24', promise: 'No pattern of ours hangs on any text.' },
  {
    id: 'T25',
    promise: "Addresses that answers name are followed to GitHub's own stores only, and never with a token.",
  },
  { id: 'T26', promise: 'Text of others commands neither a runner nor a terminal.' },
  { id: 'T27', promise: 'No secret is in a log, a reply, a body that GitHub gets, or a history of Temporal.' },
  { id: 'T28', promise: 'The processes start nothing, but the bundling of their own workflows.' },
  { id: 'T29', promise: 'A token is for one repository and the least that a call needs.' },
  { id: 'T30', promise: 'Temporal on a network is not spoken to in the clear, unless the operator says so.' },
  { id: 'T31', promise: 'A commit status that somebody else wrote is replaced by the next word of ours.' },
  { id: 'T32', promise: 'What we depend on is pinned.' },
  { id: 'T33', promise: 'Identities are whole strings and numbers, and never patterns.' },
  { id: 'T34', promise: 'No evidence is never a pass.' },
  { id: 'T35', promise: "Sigstore's conformance cases have their expected verdicts." },
  { id: 'T36', promise: 'The builder shares no cache, and what signs runs nothing of the repository.' },
  { id: 'T37', promise: 'An artifact that is swapped is refused.' },
];

/** A test's full name → the rows that it proves: `F24, F9: …`, at its beginning or at that of a describe block round it. */
export const rowsIn = (fullName: string): string[] =>
  [...fullName.matchAll(/(?:^|\s|')((?:[FT]\d+)(?:, [FT]\d+)*): /g)].flatMap(([, ids = '']) => ids.split(', '));
