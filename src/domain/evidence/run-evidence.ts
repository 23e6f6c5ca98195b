/** What a run knows of its evidence: an assessment, or why none could be made. */
import type { Problem } from '../problem.ts';
import type { Assessment } from './assessment.ts';

export type RunEvidence =
  | {
      readonly kind: 'assessed';
      readonly assessment: Assessment;
      /** The signed verification summary, as JSON; null where the operator has given no key. */
      readonly vsa: string | null;
    }
  /** Could not look: neither a pass nor a lower level. */
  | { readonly kind: 'unknown'; readonly problem: Problem };
