/** `.env.example` and the schema are one list; mistakes are named together; secrets stay out of the log. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { credentialsOf, Environment, readEnvironment } from '../../src/cli/environment.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
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

const KEY = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs1', format: 'pem' })
  .toString();

describe('the environment', () => {
  it('treats an empty value as not set', () => {
    expect(readEnvironment({ APP_ID: '', PORT: '' })).toMatchObject({ PORT: 3000, TEMPORAL_NAMESPACE: 'default' });
  });

  it('names every mistake at once', () => {
    expect(() => readEnvironment({ APP_ID: 'x', PORT: '99999', GITHUB_API_URL: 'github' })).toThrow(
      /APP_ID[\s\S]*GITHUB_API_URL[\s\S]*PORT/,
    );
  });

  it('says what a number or an address is, in words of a person', () => {
    const wrong = () => readEnvironment({ APP_ID: 'my-app', OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' });
    expect(wrong).toThrow('APP_ID: a number is needed, and this is "my-app"');
    expect(wrong).toThrow('OTEL_EXPORTER_OTLP_ENDPOINT: an address is needed, such as https://host.example:4318');
  });

  it('gives the credentials of an App, its key on one line or on several, before a plain token', () => {
    const app = { kind: 'app', appId: 1, privateKey: new Secret(KEY) };
    expect(credentialsOf(readEnvironment({ APP_ID: '1', PRIVATE_KEY: KEY.replaceAll('\n', '\\n') }))).toEqual(app);
    expect(credentialsOf(readEnvironment({ APP_ID: '1', PRIVATE_KEY: KEY, GITHUB_TOKEN: 't' }))).toEqual(app);
    expect(credentialsOf(readEnvironment({ GITHUB_TOKEN: 't' }))).toEqual({ kind: 'token', token: new Secret('t') });
  });

  it.each([
    ['garbage', 'no key at all'],
    ['half of one', KEY.slice(0, 400)],
    ['of another kind', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
  ])('refuses a private key that is %s, and does not show it', (_, key) => {
    const read = () => credentialsOf(readEnvironment({ APP_ID: '1', PRIVATE_KEY: key }));
    expect(read).toThrow(UsageError);
    expect(read).toThrow('PRIVATE_KEY: this is no RSA private key in PEM');
    expect(read).not.toThrow(key.slice(0, 40));
  });

  it('without credentials says what to set, and how to come by an App', () => {
    expect(() => credentialsOf(readEnvironment({}))).toThrow(/Set APP_ID and PRIVATE_KEY[\s\S]*SETUP_STORE/);
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
