/** SLSA provenance v1 as actions/attest writes it. Source: SLSA v1.2, "Build: Provenance"; actions/buildtypes, `workflow/v1`. */
import { z } from 'zod';

export const PROVENANCE_TYPE = 'https://slsa.dev/provenance/v1';
export const WORKFLOW_BUILD_TYPE = 'https://actions.github.io/buildtypes/workflow/v1';

const Text = z.string().max(2000);

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Other fields are ignored, as the specification asks; unknown *external parameters* are not, since they shape a build. */
export const SlsaProvenance = z.object({
  buildDefinition: z.object({
    buildType: Text,
    // As written: the library's own record drops a key named `__proto__`, which is a parameter like any other.
    externalParameters: z.custom<Readonly<Record<string, unknown>>>(isObject),
    resolvedDependencies: z
      .array(z.object({ uri: Text.nullish(), digest: z.record(z.string(), Text).nullish() }))
      .max(1000)
      .nullish(),
  }),
  runDetails: z.object({
    builder: z.object({ id: Text }),
    metadata: z.object({ invocationId: Text.nullish() }).nullish(),
  }),
});
export type SlsaProvenance = z.infer<typeof SlsaProvenance>;

/** The one external parameter of that build type: which file, of which repository, at which ref. */
export const WorkflowParameter = z.strictObject({ ref: Text, repository: Text, path: Text });
