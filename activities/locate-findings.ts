/** Where the repository names what the scanner found: asked only where the gate is about to name it. */
import type { GitHub } from '../src/adapters/github/github.ts';
import type { CommitSha } from '../src/domain/git.ts';
import type { Repository } from '../src/domain/repository.ts';
import { candidatePaths, lineNaming } from '../src/domain/scan/locate-finding.ts';
import type { PlacedFinding, Vulnerability } from '../src/domain/scan/scan-result.ts';
import { answer, type Answer } from './failures.ts';

export interface LocateInput {
  readonly repository: Repository;
  readonly commit: CommitSha;
  readonly findings: readonly Pick<Vulnerability, 'id' | 'package' | 'version' | 'location'>[];
}

export interface LocateActivities {
  locateFindings(input: LocateInput): Promise<Answer<readonly PlacedFinding[]>>;
}

/** An image is made of a few: the others have their place in the table. */
const MAX_FILES = 2;
/** A lock file of a large project has a few megabytes; whoever writes a larger one finds the line without us. */
const MAX_CHARACTERS = 8 * 1024 * 1024;

export function createLocateActivities(github: GitHub): LocateActivities {
  return {
    locateFindings: ({ repository, commit, findings }) =>
      answer(async () => {
        const { contents } = github.repository(repository);
        const locations = [...new Set(findings.flatMap(({ location }) => location ?? []))];
        const placed: PlacedFinding[] = [];
        for (const location of locations.filter((each) => candidatePaths(each).length > 0).slice(0, MAX_FILES)) {
          const file = await firstFile(candidatePaths(location), (path) => contents.fileAt(path, commit));
          if (file === null || file.text.length > MAX_CHARACTERS) continue;
          for (const finding of findings.filter((each) => each.location === location)) {
            const line = lineNaming(file.text, { name: finding.package, version: finding.version });
            if (line !== null) placed.push({ id: finding.id, package: finding.package, path: file.path, line });
          }
        }
        return placed;
      }),
  };
}

async function firstFile(
  paths: readonly string[],
  read: (path: string) => Promise<string | null>,
): Promise<{ readonly path: string; readonly text: string } | null> {
  for (const path of paths) {
    const text = await read(path);
    if (text !== null) return { path, text };
  }
  return null;
}
