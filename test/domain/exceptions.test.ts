/** Accepted vulnerabilities: which findings an exception is for. */
import { describe, expect, it } from '@jest/globals';
import { exceptionFor } from '../../src/domain/settings/exceptions.ts';
import { GRYPE_REPORT, readGrype } from '../../src/domain/scan/read-grype.ts';

const exception = (more: object = {}) => ({
  id: 'CVE-2026-1111',
  until: '2027-01-01',
  reason: 'not reachable',
  ...more,
});
const found = (purl: string | null, ...ids: string[]) => ({ ids: ids.length === 0 ? ['CVE-2026-1111'] : ids, purl });

describe('an exception', () => {
  it.each([
    ['its id, anywhere', found('pkg:npm/lodash@4.17.20'), exception(), true],
    ['its id, where no package is known', found(null), exception(), true],
    ['another name of it', found(null, 'GHSA-35jh-r3h4-6jhm', 'CVE-2026-1111'), exception(), true],
    ['every version of its package', found('pkg:npm/lodash@4.17.20'), exception({ package: 'pkg:npm/lodash' }), true],
    [
      'the version that it names',
      found('pkg:npm/lodash@4.17.20'),
      exception({ package: 'pkg:npm/lodash@4.17.20' }),
      true,
    ],
    ['a scoped package', found('pkg:npm/%40acme/lib@1.0.0'), exception({ package: 'pkg:npm/%40acme/lib' }), true],
    [
      'whatever qualifiers it has',
      found('pkg:deb/debian/openssl@3.0?arch=amd64'),
      exception({ package: 'pkg:deb/debian/openssl' }),
      true,
    ],
    ['no other id', found(null, 'CVE-2026-11110'), exception(), false],
    ['no other version', found('pkg:npm/lodash@4.17.21'), exception({ package: 'pkg:npm/lodash@4.17.20' }), false],
    [
      'no package whose name only begins so',
      found('pkg:npm/lodash-es@1'),
      exception({ package: 'pkg:npm/lodash' }),
      false,
    ],
    ['no finding without a package, where it names one', found(null), exception({ package: 'pkg:npm/lodash' }), false],
  ])('is for %s', (_, finding, accepted, is) => {
    expect(exceptionFor(finding, [accepted])).toEqual(is ? accepted : null);
  });

  it('takes its findings out of every count, and shows them apart', () => {
    const match = (id: string, purl: string, related: string[] = []) => ({
      vulnerability: { id, severity: 'High' },
      relatedVulnerabilities: related.map((each) => ({ id: each })),
      artifact: { name: 'lodash', version: '4.17.20', purl },
    });
    const text = JSON.stringify({
      matches: [
        match('GHSA-35jh-r3h4-6jhm', 'pkg:npm/lodash@4.17.20', ['CVE-2026-1111']),
        match('CVE-2026-2222', 'pkg:npm/lodash@4.17.20'),
      ],
    });
    const files = new Map([[GRYPE_REPORT, { text, bytes: text.length, sha256: '' }]]);
    const reading = readGrype(files, 'f'.repeat(64), [exception({ package: 'pkg:npm/lodash' })]);
    expect(reading).toMatchObject({
      kind: 'read',
      result: {
        counts: { high: 1 },
        matches: 2,
        worst: [{ id: 'CVE-2026-2222' }],
        accepted: [{ id: 'GHSA-35jh-r3h4-6jhm', package: 'lodash', until: '2027-01-01', reason: 'not reachable' }],
      },
    });
  });
});
