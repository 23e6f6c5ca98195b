/** The settings file: what it means, and how its mistakes are shown. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readSettings } from '../../src/domain/settings/read-settings.ts';
import { MAX_YAML_BYTES } from '../../src/domain/settings/strict-yaml.ts';
import { SettingsFile } from '../../src/domain/settings/settings-schema.ts';

const mistakesOf = (text: string): string[] => {
  const reading = readSettings(text);
  return reading.kind === 'settings'
    ? []
    : reading.mistakes.map(({ line, column, message }) => `${line}:${column} ${message}`);
};

describe('settings', () => {
  it('may be empty', () => {
    expect(readSettings('')).toEqual({ kind: 'settings', settings: {} });
    expect(readSettings('# nothing yet\n')).toEqual({ kind: 'settings', settings: {} });
  });

  it('keep `on` a key, as people write it', () => {
    expect(readSettings('on:\n  push:\n    branches: [main, "release/*"]\n')).toEqual({
      kind: 'settings',
      settings: { on: { push: { branches: ['main', 'release/*'] } } },
    });
  });

  it('show every mistake at once, where it was made, with what was meant', () => {
    const text = [
      'preset: standart',
      'image:',
      '  registy: ghcr.io',
      '  platforms: linux/amd64',
      'max_findings: -1',
      'stages:',
      '  lnit: {}',
      '',
    ].join('\n');
    expect(mistakesOf(text)).toEqual([
      '1:9 `preset: standart`: not one of minimal, standard, skip_linting. Did you mean `standard`?',
      '3:3 `registy` is not a setting. Did you mean `registry`?',
      '4:14 `platforms: linux/amd64`: expected a list.',
      '5:15 `max_findings: -1`: at least 0 needed.',
      expect.stringMatching(/^7:3 /),
    ]);
  });

  it.each([
    ['an alias', 'a: &x 1\npreset: *x\n', /YAML aliases/],
    [
      'a duplicate key',
      'preset: minimal\npreset: standard\n',
      /^2:1 This is not YAML as it is read here: Map keys must be unique/,
    ],
    ['broken YAML', 'preset: [', /This is not YAML/],
    ['two documents', 'preset: minimal\n---\npreset: standard\n', /This is not YAML/],
    ['a list', '- preset\n', /expected a group of settings/],
    ['a path that leads out', 'image:\n  dockerfile: ../Dockerfile\n', /^2:15 .*stays inside the repository/],
    [
      'a date that is no date',
      'exceptions:\n  - { id: CVE-2026-1, until: 31.12.2026, reason: x }\n',
      /a date is written 2026-12-31/,
    ],
    [
      'what this version does not act on',
      'image:\n  secrets: [NPM_TOKEN]\n',
      /^2:3 `image.secrets` is part of the format, but this version does not act on it yet/,
    ],
    ['a rule for nothing', 'rules:\n  - { preset: minimal }\n', /^2:5 .*a rule names `refs`, an `event`, or both/],
    ['a rule about the image', 'rules:\n  - { event: tag, image: {} }\n', /^2:19 `image` is not a setting/],
    [
      'a package without its kind',
      'exceptions:\n  - { id: CVE-2026-1234, package: lodash, until: 2026-12-31, reason: x }\n',
      /a package is written as a package URL, such as pkg:npm\/lodash/,
    ],
    ['a pattern with brackets', 'on:\n  push:\n    branches: ["[ab]*"]\n', /a ref pattern is made of names/],
    ['a prototype key', '__proto__: { preset: minimal }\n', /is not a setting/],
  ])('T22: refuse %s', (_, text, message) => {
    expect(mistakesOf(text).join('\n')).toMatch(message);
  });

  it.each([
    ['too large a file', `#${'x'.repeat(MAX_YAML_BYTES)}`],
    [
      'a billion laughs',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from(
        { length: 9 },
        (_, index) =>
          `b${index}: &b${index} [${Array(9)
            .fill(index === 0 ? '*a' : `*b${index - 1}`)
            .join(',')}]`,
      ).join('\n')}\n`,
    ],
    ['deep nesting', '['.repeat(20_000)],
    ['a long list', '- x\n'.repeat(15_000)],
  ])('T22: are bounded: %s ends in a mistake, soon', (_, text) => {
    expect(mistakesOf(text).length).toBeGreaterThan(0);
  });

  it('end in settings or in mistakes with a place, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json().map(String)), (text) => {
        const reading = readSettings(text);
        if (reading.kind === 'settings') expect(SettingsFile.safeParse(reading.settings).success).toBe(true);
        else for (const { line, column } of reading.mistakes) expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });
});
