/** The set-up that `serve` offers where there is no App yet: a page on this machine, and a file for what comes of it. */
import { randomBytes } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { accessSync, closeSync, constants, existsSync, fchmodSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Logger } from 'pino';
import { registeredApp, type RegisteredApp } from '../adapters/github/app-registration.ts';
import { serverNames } from '../domain/evidence/server-names.ts';
import { WEBHOOK_PATH } from '../intake/webhook-contract.ts';
import { startPageServer, type PageServer } from '../web/page-server.ts';
import { SETUP_PATH, setupPage, type CreatedApp } from '../web/setup-pages.ts';
import type { Environment } from './environment.ts';
import { UsageError } from './usage-error.ts';

export interface SetupStarted extends PageServer {
  /** With the token in it: for the operator's terminal only. */
  readonly address: string;
}

/** @throws UsageError where the store holds an App already */
export async function startSetup(environment: Environment, store: string, log: Logger): Promise<SetupStarted> {
  requireFree(store);
  requireWritable(store);
  const token = randomBytes(24).toString('base64url');
  const state = randomBytes(24).toString('base64url');
  const { HOST: host, PORT: port, GITHUB_API_URL: baseUrl } = environment;
  const { server } = serverNames(baseUrl, environment.GITHUB_SERVER_URL ?? null);
  const create = async (code: string): Promise<CreatedApp> => {
    const app = await registeredApp(code, { baseUrl, fetch: globalThis.fetch });
    keep(store, app);
    log.info({ appId: app.id, app: app.slug, store }, 'The App was created, and its credentials are kept');
    return { slug: app.slug, installUrl: `${app.page}/installations/new`, store };
  };
  let here = '';
  const started = await startPageServer({
    host,
    port,
    settings: { host: 'HOST', port: 'PORT' },
    pages: (path, query) => setupPage(path, query, { server, here, webhookPath: WEBHOOK_PATH, token, state, create }),
  });
  here = started.url;
  return { ...started, address: `${started.url}${SETUP_PATH}?token=${token}` };
}

const keyFileOf = (store: string): string => `${store}.private-key.pem`;

function requireFree(store: string): void {
  if (existsSync(store) && /^APP_ID=./m.test(readFileSync(store, 'utf8'))) {
    throw new UsageError(
      `SETUP_STORE: ${store} holds an App already. Use it as the environment, or name another file.`,
    );
  }
  if (existsSync(keyFileOf(store))) {
    throw new UsageError(`SETUP_STORE: ${keyFileOf(store)} is there already, and is not written over.`);
  }
}

/** Found out before anybody is sent to GitHub: what comes back from there comes once. */
function requireWritable(store: string): void {
  const folder = dirname(resolve(store));
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (existsSync(store)) accessSync(store, constants.W_OK);
  } catch {
    throw new UsageError(`SETUP_STORE: ${store} cannot be written: make the folder ${folder}, or name another file.`);
  }
}

/** Key first: without it the rest is of no use. Only this user can read either. */
function keep(store: string, { id, privateKey, webhookSecret }: RegisteredApp): void {
  append(keyFileOf(store), privateKey.reveal(), 'wx');
  append(store, `APP_ID=${id}\nPRIVATE_KEY_PATH=${keyFileOf(store)}\nWEBHOOK_SECRET=${webhookSecret.reveal()}\n`, 'a');
}

function append(path: string, text: string, how: 'a' | 'wx'): void {
  const file = openSync(path, how, 0o600);
  try {
    // One that was there keeps its own mode otherwise.
    fchmodSync(file, 0o600);
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}
