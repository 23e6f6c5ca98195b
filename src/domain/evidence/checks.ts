/** One comparison, kept whole: what was expected, what was found, and what to do about a difference. */

export const CHECKS = {
  signature: [
    'The signature holds',
    'its signature does not hold',
    'Look at how this bundle was made: nothing in it can be believed.',
  ],
  predicate_type: [
    'It is SLSA provenance',
    'it is not SLSA provenance',
    'Compare the stage file with the one that this App renders.',
  ],
  subject: [
    'It is about this image, and about nothing else',
    'it is about another image',
    'Look for a step that attests other images.',
  ],
  root: [
    'The right authority vouches',
    'another authority vouches for it',
    'Compare `signing` in the settings with what the stage used.',
  ],
  issuer: [
    'GitHub Actions identified the signer',
    'GitHub Actions did not identify its signer',
    'Only signatures of GitHub Actions count here.',
  ],
  signer: [
    'A known builder signed',
    'nobody that is trusted here signed it',
    'Render the stage files anew (`slsa-pipeline init`), or add the builder to the trust map.',
  ],
  signer_digest: [
    'The builder stood at that commit',
    'its builder stood at another commit',
    'Add the commit to the trust map, if it was reviewed.',
  ],
  runner: [
    'It ran on a GitHub-hosted runner',
    'it did not run on a GitHub-hosted runner',
    'Take self-hosted runners away from this workflow.',
  ],
  machines: [
    "Every job of the build ran on a machine of GitHub's",
    "another machine than GitHub's ran a job of the build",
    "Take the label `ubuntu-24.04` off the runners of this repository and of its organisation: GitHub's own then take the jobs.",
  ],
  repository: [
    'It was built for this repository',
    'it is for another repository',
    'Compare the repository names: a near name is another repository.',
  ],
  repository_id: [
    'The repository is the very one, by id',
    'it is for another repository of the same name',
    'A repository of the same name was deleted and made anew: build again.',
  ],
  owner_id: [
    'Its owner is the very one, by id',
    'it is for another owner of the same name',
    'The owner was renamed or replaced: build again.',
  ],
  commit: [
    'It was built from this commit',
    'it is for another commit',
    'Comment `/slsa rerun`: the provenance of another commit proves nothing about this one.',
  ],
  ref: [
    'It was built at this ref',
    'it is for another ref',
    'Comment `/slsa rerun`: provenance names the ref that it was built at.',
  ],
  config: [
    'The stage file of this repository called the builder',
    'another workflow called the builder',
    'Look for another workflow that calls the builder.',
  ],
  trigger: [
    'It was dispatched',
    'another event started it',
    'Builds of pull requests and of other events are not accepted here.',
  ],
  run: [
    'It is the run that this App dispatched',
    'it is of another run',
    'Look at who else starts the build workflow.',
  ],
  build_type: [
    'Its parameters mean what we take them for',
    'it speaks of builds of another kind',
    'Update this App, or the builder: they speak of different formats.',
  ],
  builder_id: [
    'Provenance and certificate name the same builder',
    'it names another builder than its certificate',
    'The builder writes a name that is not its own: do not trust it.',
  ],
  parameters: [
    'Every external parameter is known and as expected',
    'it has parameters that nobody expects',
    'Look for inputs that shape the build.',
  ],
  source: [
    'The source is in its list of materials',
    'it does not list the commit as its source',
    'Look at how the builder writes its provenance.',
  ],
  invocation: [
    'Provenance and certificate name the same run',
    'it names another run than its certificate',
    'The builder writes a run that is not its own: do not trust it.',
  ],
  conclusion: [
    'The run that built it ended well',
    'the run that built it did not end well',
    'Open the run: what it left behind is not trusted while it failed.',
  ],
  sbom: [
    'The SBOM attested is the SBOM that was scanned',
    'it attests another SBOM than the one that was scanned',
    'Comment `/slsa rerun`: scan and attestation must speak of one document.',
  ],
} as const satisfies Readonly<Record<string, readonly [title: string, broken: string, next: string]>>;
export type CheckId = keyof typeof CHECKS;

export interface Check {
  readonly id: CheckId;
  readonly state: 'met' | 'not_met' | 'not_assessed';
  readonly expected: string;
  readonly found: string;
}

const NOTHING = '(nothing)';
const MAX_SHOWN = 300;

const shown = (value: string | null): string => (value === null ? NOTHING : value.slice(0, MAX_SHOWN));

/** Whole strings, and never a pattern. An expectation of null was not asked for. */
export function same(id: CheckId, expected: string | null, found: string | null): Check {
  if (expected === null) return { id, state: 'not_assessed', expected: '', found: shown(found) };
  return { id, state: found === expected ? 'met' : 'not_met', expected: shown(expected), found: shown(found) };
}

export function oneOf(id: CheckId, expected: readonly string[], found: string | null): Check {
  const isMet = found !== null && expected.includes(found);
  return {
    id,
    state: isMet ? 'met' : 'not_met',
    expected: shown(expected.join(' or ') || NOTHING),
    found: shown(found),
  };
}

export const stated = (id: CheckId, isMet: boolean, expected: string, found: string): Check => ({
  id,
  state: isMet ? 'met' : 'not_met',
  expected: shown(expected),
  found: shown(found),
});

export const firstFailing = (checks: readonly Check[]): Check | null =>
  checks.find(({ state }) => state === 'not_met') ?? null;

export const titleOf = ({ id }: Pick<Check, 'id'>): string => CHECKS[id][0];
export const brokenOf = ({ id }: Pick<Check, 'id'>): string => CHECKS[id][1];
export const nextOf = ({ id }: Pick<Check, 'id'>): string => CHECKS[id][2];
