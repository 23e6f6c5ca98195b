/**
 * The registry as a tool on a job's machine reaches it: with what `docker login` has left in its home. `ghcr.io` is the
 * sandbox's registry too, which there takes the job's own token, as far as its permission for packages goes.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { OciImage, type Credentials } from '../registry/oci-client.ts';
import { may, type JobFacts } from './runner/job-facts.ts';
import type { Machine } from './runner/machine.ts';
import type { Services } from './services.ts';

export interface RegistryUser {
  readonly facts: JobFacts;
  readonly machine: Machine;
  readonly services: Services;
}

const Config = z.object({ auths: z.record(z.string(), z.object({ auth: z.string() })).default({}) });

export function logIn(machine: Machine, host: string, { username, password }: Credentials): void {
  const config = configOf(machine);
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  write(machine, { auths: { ...config.auths, [host]: { auth } } });
}

export function logOut(machine: Machine, host: string): void {
  const { auths } = configOf(machine);
  write(machine, { auths: Object.fromEntries(Object.entries(auths).filter(([name]) => name !== host)) });
}

export function credentialsFor(machine: Machine, host: string): Credentials | null {
  const auth = configOf(machine).auths[host]?.auth;
  if (auth === undefined) return null;
  const [username = '', ...password] = Buffer.from(auth, 'base64').toString('utf8').split(':');
  return { username, password: password.join(':') };
}

/** @throws Error in the registry's words where the job may not do that */
export function imageFor(user: RegistryUser, name: string, access: 'pull' | 'push'): OciImage {
  const host = name.slice(0, name.indexOf('/'));
  const credentials = credentialsFor(user.machine, host);
  if (host !== 'ghcr.io') return new OciImage(name, credentials);
  if (!isAllowed(user, access, credentials))
    throw new Error(access === 'push' ? 'denied: permission_denied: write_package' : 'denied');
  const { registry } = user.services;
  return new OciImage(name.replace(host, registry.host), registry.credentials);
}

function isAllowed({ facts }: RegistryUser, access: 'pull' | 'push', credentials: Credentials | null): boolean {
  if (access === 'pull' && facts.repository.visibility === 'public') return true;
  return credentials?.password === facts.token && may(facts, 'packages', access === 'push' ? 'write' : 'read');
}

const fileOf = ({ folders }: Machine): string => join(folders.home, '.docker', 'config.json');

const configOf = (machine: Machine): z.infer<typeof Config> =>
  existsSync(fileOf(machine)) ? Config.parse(JSON.parse(readFileSync(fileOf(machine), 'utf8'))) : { auths: {} };

function write(machine: Machine, config: z.infer<typeof Config>): void {
  mkdirSync(dirname(fileOf(machine)), { recursive: true });
  writeFileSync(fileOf(machine), JSON.stringify(config));
  machine.giveToRunner(dirname(fileOf(machine)));
}
