/** grype's stand-in: matches an SBOM against a small advisory file, and writes what grype writes. */
import { readFile } from 'node:fs/promises';
import semver from 'semver';
import { z } from 'zod';

const Advisories = z.object({
  built: z.string(),
  advisories: z.array(
    z.object({ id: z.string(), package: z.string(), vulnerable: z.string(), fixed: z.string(), severity: z.string() }),
  ),
});

const Sbom = z.object({
  components: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      purl: z.string(),
      properties: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
    }),
  ),
});

/** The part of grype's report that is filled in. */
export interface GrypeReport {
  readonly matches: readonly { readonly vulnerability: { readonly severity: string } }[];
}

export async function scanComponents(sbom: string): Promise<GrypeReport> {
  const file = await readFile(new URL('./advisories.json', import.meta.url), 'utf8');
  const { built, advisories } = Advisories.parse(JSON.parse(file));
  const { components } = Sbom.parse(JSON.parse(sbom));
  const matches = components.flatMap((component) =>
    advisories
      .filter(
        (advisory) => advisory.package === component.name && semver.satisfies(component.version, advisory.vulnerable),
      )
      .map((advisory) => ({
        vulnerability: {
          id: advisory.id,
          severity: advisory.severity,
          dataSource: `https://github.com/advisories/${advisory.id}`,
          fix: { versions: [advisory.fixed], state: 'fixed' },
        },
        artifact: {
          name: component.name,
          version: component.version,
          purl: component.purl,
          locations: component.properties
            .filter(({ name }) => name.endsWith(':path'))
            .map(({ value }) => ({ path: value })),
        },
      })),
  );
  const descriptor = { name: 'grype', version: '0.110.0', db: { built } };
  return { matches, ...{ ignoredMatches: [], descriptor } };
}
