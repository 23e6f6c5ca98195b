/** Where Temporal is, and in what words: never in the clear over a network by accident. */
import { expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { readEnvironment, secretsOf } from '../../src/cli/environment.ts';
import { createLogger } from '../../src/cli/logging.ts';
import { temporalAddress } from '../../src/cli/temporal-address.ts';
import { Secret } from '../../src/domain/secret.ts';

it.each(['127.0.0.1:7233', 'localhost:7233', '[::1]:7233', '127.8.8.8:1'])(
  'T30: %s is this machine, and needs no more',
  (address) => {
    expect(temporalAddress(readEnvironment({ TEMPORAL_URL: address }))).toMatchObject({ address, tls: false });
  },
);

it.each(['temporal:7233', '10.0.0.1:7233', 'localhost.evil.example:7233', '127.0.0.1.evil.example:7233'])(
  'T30: %s is a network: refused in the clear, unless the operator says so',
  (address) => {
    const given = { TEMPORAL_URL: address };
    expect(() => temporalAddress(readEnvironment(given))).toThrow('TEMPORAL_TLS=true');
    expect(temporalAddress(readEnvironment({ ...given, TEMPORAL_TLS: 'true' })).tls).toBe(true);
    expect(temporalAddress(readEnvironment({ ...given, TEMPORAL_API_KEY: 'k' })).tls).toBe(true);
    expect(temporalAddress(readEnvironment({ ...given, TEMPORAL_PLAINTEXT: 'true' })).tls).toBe(false);
  },
);

it('T27: a secret shows itself to nobody who does not ask by name', () => {
  const secret = new Secret('hunter2hunter2');
  const shown = [
    String(secret),
    ['of', secret].join(' '),
    JSON.stringify({ secret }),
    inspect({ secret }),
    JSON.stringify(Object.entries(secret)),
  ];
  for (const each of shown) expect(each).not.toContain('hunter2');
  expect(secret.reveal()).toBe('hunter2hunter2');
});

it('T27: the log takes out every secret of the environment, in whatever form', () => {
  const key = `-----BEGIN PRIVATE KEY-----\n${'A1b2C3d4'.repeat(8)}\n${'E5f6G7h8'.repeat(8)}\n-----END PRIVATE KEY-----\n`;
  const hook = 'a webhook/secret+with=odd"signs';
  const environment = readEnvironment({
    PRIVATE_KEY: key.replaceAll('\n', '\\n'),
    WEBHOOK_SECRET: hook,
    TEMPORAL_API_KEY: 'temporal-key-0123456789',
  });
  const written: string[] = [];
  const log = createLogger('info', secretsOf(environment), { write: (line) => void written.push(line) });
  const forms = [
    hook,
    encodeURIComponent(hook),
    Buffer.from(hook).toString('base64'),
    'E5f6G7h8'.repeat(8),
    'temporal-key-0123456789',
  ];
  for (const form of forms) log.info({ form }, `says ${form}`);
  const text = written.join('\n');
  for (const form of [...forms, JSON.stringify(hook).slice(1, -1)]) expect(text).not.toContain(form);
  expect(text.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(10);
});
