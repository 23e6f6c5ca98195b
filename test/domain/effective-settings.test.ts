/** An organisation's defaults under a repository's own settings. */
import { describe, expect, it } from '@jest/globals';
import { overOrganisation } from '../../src/domain/settings/effective-settings.ts';
import { readOrganisationSettings, readSettings } from '../../src/domain/settings/read-settings.ts';

describe("an organisation's defaults", () => {
  it('hold for what the repository leaves open, group by group', () => {
    const organisation = {
      preset: 'standard',
      max_findings: 0,
      on: { push: { branches: ['release/*'], tags: ['v*'] }, pull_request: { drafts: true } },
      stages: { lint: { timeout_minutes: 30 } },
      trusted_bots: [1],
    } as const;
    const own = { max_findings: 2, on: { push: { branches: ['next'] } }, stages: { build: { timeout_minutes: 60 } } };
    expect(overOrganisation(structuredClone(organisation) as never, own)).toMatchObject({
      preset: 'standard',
      max_findings: 2,
      on: { push: { branches: ['next'], tags: ['v*'] }, pull_request: { drafts: true } },
      stages: { lint: { timeout_minutes: 30 }, build: { timeout_minutes: 60 } },
      trusted_bots: [1],
    });
  });

  it("give rules and exceptions that come after the repository's own", () => {
    const exception = (id: string) => ({ id, until: '2027-01-01', reason: 'x' });
    const merged = overOrganisation(
      { rules: [{ refs: ['**'], max_findings: 1 }], exceptions: [exception('CVE-2026-1')] },
      { rules: [{ event: 'tag', max_findings: 2 }], exceptions: [exception('CVE-2026-2')] },
    );
    expect(merged.rules?.map((rule) => rule.max_findings)).toEqual([2, 1]);
    expect(merged.exceptions?.map(({ id }) => id)).toEqual(['CVE-2026-2', 'CVE-2026-1']);
  });

  it.each([
    [
      'image:\n  name: acme/app\n',
      /^`image` shapes the build or its signature, and is read in each repository's own file only/,
    ],
    ['signing: none\n', /^`signing` shapes/],
    ['release_branches: [next]\n', /^`release_branches` shapes/],
    ['extends: org\n', /^`extends` leads nowhere/],
  ])('cannot say %j', (text, message) => {
    const reading = readOrganisationSettings(text);
    expect(reading.kind === 'mistakes' ? reading.mistakes[0]?.message : '').toMatch(message);
    expect(readSettings(text).kind).toBe('settings');
  });
});
