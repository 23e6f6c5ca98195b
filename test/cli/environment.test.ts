/** `.env.example` and the schema are one list; mistakes are named together; secrets stay out of the log. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { credentialsOf, Environment, readEnvironment } from '../../src/cli/environment.ts';
import { createLogger } from '../../src/cli/logging.ts';
import { redact } from '../../src/domain/fault/redact.ts';
import { Secret } from '../../src/domain/secret.ts';
import { PRESETS } from '../../src/domain/settings/presets.ts';
import { inspectPreset, listPresets } from '../../src/cli/presets.ts';

const EXAMPLE = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

describe('.env.example', () => {
  it("lists exactly the variables of the schema, each with the schema's own words", () => {
    const listed = [...EXAMPLE.matchAll(/^# (.+)\n#?([A-Z_]+)=/gm)].map(([, words, name]) => [name, words]);
    const described = Object.entries(Environment.shape).map(([name, schema]) => [name, schema.description]);
    expect(listed).toEqual(described);
  });
});

describe('the environment', () => {
  it('treats an empty value as not set', () => {
    expect(readEnvironment({ APP_ID: '', PORT: '' })).toMatchObject({ PORT: 3000, TEMPORAL_NAMESPACE: 'default' });
  });

  it('names every mistake at once', () => {
    expect(() => readEnvironment({ APP_ID: 'x', PORT: '99999', GITHUB_API_URL: 'github' })).toThrow(
      /APP_ID[\s\S]*GITHUB_API_URL[\s\S]*PORT/,
    );
  });

  it.each([
    [
      { APP_ID: '1', PRIVATE_KEY: 'a\\nb' },
      { kind: 'app', appId: 1, privateKey: new Secret('a\nb') },
    ],
    [{ GITHUB_TOKEN: 't' }, { kind: 'token', token: new Secret('t') }],
    [
      { APP_ID: '1', PRIVATE_KEY: 'k', GITHUB_TOKEN: 't' },
      { kind: 'app', appId: 1, privateKey: new Secret('k') },
    ],
  ])('%j gives credentials', (env, credentials) => {
    expect(credentialsOf(readEnvironment(env))).toEqual(credentials);
  });

  it('without credentials says what to set', () => {
    expect(() => credentialsOf(readEnvironment({}))).toThrow(
      'Set APP_ID and PRIVATE_KEY (or PRIVATE_KEY_PATH) of the App, or GITHUB_TOKEN.',
    );
  });
});

describe('the log', () => {
  it.each([
    `ghs_4711_${'aB3.-_'.repeat(80)}`,
    `ghp_${'a'.repeat(36)}`,
    `github_pat_${'a'.repeat(60)}`,
    `Bearer ${'a'.repeat(40)}`,
    `-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----`,
  ])('never shows %s', (secret) => {
    const written: string[] = [];
    createLogger('info', [], { write: (line) => void written.push(line) }).info(
      { nested: { secret } },
      `with ${secret}`,
    );
    expect(written.join('')).toContain('[redacted]');
    expect(redact(secret)).not.toMatch(/aB3|a{20}|MIIE/);
  });
});

describe('presets on the command line', () => {
  it.each(Object.keys(PRESETS))('%s is listed and can be inspected', (name) => {
    expect(listPresets()).toContain(`  ${name}`);
    expect(inspectPreset(name)).toContain(`Preset: ${name}`);
  });

  it('say the severities that the reference says', () => {
    expect(inspectPreset('standard').join('\n')).toContain('Vulnerability Severity: HIGH,CRITICAL');
    expect(inspectPreset('minimal').join('\n')).toContain('Vulnerability Severity: CRITICAL');
  });
});
