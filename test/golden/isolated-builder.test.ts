/** The level is earned: a push becomes a check that says Build L3, from evidence that an isolated builder signed. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StageSet } from '../e2e/stage-set.ts';

let isolated: StageSet;
beforeAll(async () => {
  isolated = await StageSet.open({ scripts: {}, builds: 'isolated' });
});
afterAll(() => isolated.close());

describe('an isolated builder', () => {
  it('earns Build L3, with the evidence for each requirement', async () => {
    const repository = await isolated.repository('earned');
    const { check } = await isolated.pushed(repository);
    expect(check).toMatchObject({ conclusion: 'success', title: 'Build L3 verified · 0 findings at or over high' });
    expect(check.summary).toContain('SLSA v1.2 Build L3, computed from evidence');
    expect(check.summary).toMatch(/\| Provenance is authentic \(L2\) \| met \| .*acme-platform\/slsa-builder/);
    expect(check.summary).toContain('| The scanned SBOM is attested | met |');
    expect(check.summary).toContain('Verification summary');
    expect(repository.statuses.at(-1)).toMatchObject({
      state: 'success',
      description: 'Build L3 verified · 0 findings at or over high',
    });
  });

  it("earns it for a private repository too, by GitHub's own authority", async () => {
    const repository = await isolated.repository('internal', 'signing: github\n', { visibility: 'private' });
    const { check } = await isolated.pushed(repository);
    expect(check).toMatchObject({ conclusion: 'success', title: 'Build L3 verified · 0 findings at or over high' });
    expect(check.summary).toContain('root `github`');
  });

  it('shows a pull request what its merge would promise, and signs nothing of it', async () => {
    const repository = await isolated.repository('rehearsal');
    await repository.git.git('branch', 'feature', 'main');
    const sha = await isolated.push(repository, 'feature');
    await isolated.sandbox.openPull(repository, 'feature');
    const check = await isolated.check(repository, isolated.idOf(repository, 'refs/heads/feature', sha));
    expect(check).toMatchObject({
      conclusion: 'success',
      title: expect.stringContaining('level after the merge would be L3'),
    });
    expect(repository.attestations).toEqual([]);
  });

  it('T33: is one of the commits that the operator named, and no other', async () => {
    const repository = await isolated.repository('gone');
    const files = await isolated.sandbox.setUpFiles();
    const path = '.github/workflows/01-build-image.yml';
    const text = String(files.get(path)).replace(/@[0-9a-f]{40}/, `@${'c'.repeat(40)}`);
    const sha = await isolated.sandbox.push(repository, 'main', new Map([[path, text]]));
    const check = await isolated.check(repository, isolated.idOf(repository, 'refs/heads/main', sha));
    // GitHub cannot find it, and the file is not ours: that build never starts, is never a pass, and a person has to look.
    expect(check.conclusion).toBe('action_required');
    expect(check.summary).toContain('Not the stage files that this App renders: `01-build-image.yml`');
  });
});
