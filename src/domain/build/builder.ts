/** The isolated builder: a reusable workflow that its callers name by full commit SHA, and cannot write to. */
import { z } from 'zod';

const BUILDER =
  /^[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100}\/\.github\/workflows\/[A-Za-z0-9_.-]{1,100}\.ya?ml@[0-9a-f]{40}$/;

/** `owner/repository/.github/workflows/file.yml@<commit>`: as `uses:` takes it, and as certificates name it. */
export const BuilderWorkflow = z
  .string()
  .regex(BUILDER, 'a builder is written owner/repository/.github/workflows/build-image.yml@<40 hex digits of a commit>')
  .brand<'BuilderWorkflow'>();
export type BuilderWorkflow = z.infer<typeof BuilderWorkflow>;

export interface BuilderParts {
  /** `owner/repository/.github/workflows/file.yml` */
  readonly workflow: string;
  readonly commit: string;
}

/** A file's name holds no `@` here, so the last one divides. */
export function builderParts(builder: BuilderWorkflow): BuilderParts {
  const at = builder.lastIndexOf('@');
  return { workflow: builder.slice(0, at), commit: builder.slice(at + 1) };
}

/** How the provenance is signed. `none` leaves it a claim. Source: docs/slsa.md, "Signing". */
export const SIGNING_MODES = ['github', 'public_log', 'none'] as const;
export type Signing = (typeof SIGNING_MODES)[number];
