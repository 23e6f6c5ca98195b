/**
 * `/setup`: makes the App on GitHub from a manifest, and keeps its credentials where the operator says. Behind a token that only
 * the operator's terminal shows, once, for as long as this process lives.
 */
import { timingSafeEqual } from 'node:crypto';
import { appManifest, manifestTarget, SetupChoice } from '../domain/setup/app-manifest.ts';
import type { Page } from './page-server.ts';

export const SETUP_PATH = '/setup';
const CREATED_PATH = '/setup/created';

export interface SetupParts {
  /** `https://github.com`. */
  readonly server: string;
  /** Of this very server, as the browser reaches it. */
  readonly here: string;
  readonly webhookPath: string;
  readonly token: string;
  /** Comes back from GitHub: an answer without it was not asked for here. */
  readonly state: string;
  /** Exchanges the code for credentials and keeps them; answers with what to show. */
  readonly create: (code: string) => Promise<CreatedApp>;
}

export interface CreatedApp {
  readonly slug: string;
  readonly installUrl: string;
  readonly store: string;
}

/** Null for every other path. */
export async function setupPage(path: string, query: URLSearchParams, parts: SetupParts): Promise<Page | null> {
  if (path === CREATED_PATH) return created(query, parts);
  if (path !== SETUP_PATH) return null;
  if (!isSame(query.get('token') ?? '', parts.token)) {
    return html(403, 'Not from here', ['<p>Open the address that this process has printed: it has a token in it.</p>']);
  }
  return query.has('name') ? manifestForm(query, parts) : choiceForm(parts, {}, []);
}

function manifestForm(query: URLSearchParams, parts: SetupParts): Page {
  const asked = Object.fromEntries(['name', 'organisation', 'address'].map((key) => [key, query.get(key) ?? '']));
  const parsed = SetupChoice.safeParse(asked);
  if (!parsed.success)
    return choiceForm(
      parts,
      asked,
      parsed.error.issues.map(({ message }) => message),
    );
  const choice = parsed.data;
  const manifest = appManifest(choice, { webhook: parts.webhookPath, created: `${parts.here}${CREATED_PATH}` });
  const target = manifestTarget(parts.server, choice, parts.state);
  const owner = choice.organisation === '' ? 'your own account' : choice.organisation;
  return html(200, 'Create the App on GitHub', [
    `<p>GitHub will show what the App asks for, and make it for ${escape(owner)} once you agree. Then it sends you back here.</p>`,
    `<form method="post" action="${escape(target)}">`,
    `<input type="hidden" name="manifest" value="${escape(JSON.stringify(manifest))}">`,
    '<button type="submit">Go on to GitHub</button>',
    '</form>',
  ]);
}

type Asked = Readonly<Record<string, string>>;

function choiceForm({ token }: SetupParts, asked: Asked, mistakes: readonly string[]): Page {
  const field = (name: string, label: string, hint: string): string =>
    `<p><label for="${name}">${label}</label><br><input id="${name}" name="${name}" value="${escape(asked[name] ?? '')}" aria-describedby="${name}-hint"><br><small id="${name}-hint">${hint}</small></p>`;
  return html(mistakes.length === 0 ? 200 : 400, 'Set up the SLSA pipeline', [
    ...(mistakes.length === 0
      ? []
      : [`<div role="alert"><ul>${mistakes.map((each) => `<li>${escape(each)}</li>`).join('')}</ul></div>`]),
    `<form method="get" action="${SETUP_PATH}">`,
    `<input type="hidden" name="token" value="${escape(token)}">`,
    field('name', 'Name of the App', 'Unique on GitHub, such as “acme SLSA pipeline”.'),
    field('organisation', 'Organisation', 'That will own it; empty for your own account.'),
    field(
      'address',
      'Address of this service',
      'Where GitHub reaches it: https://slsa.example.org. It is where webhooks go.',
    ),
    '<button type="submit">Next</button>',
    '</form>',
  ]);
}

async function created(query: URLSearchParams, { state, create }: SetupParts): Promise<Page> {
  if (!isSame(query.get('state') ?? '', state)) {
    return html(403, 'Not asked for', [
      '<p>This answer belongs to no set-up of this process: begin again at the address that it has printed.</p>',
    ]);
  }
  const code = query.get('code') ?? '';
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(code))
    return html(400, 'No code', ['<p>GitHub sent no code along: begin again.</p>']);
  try {
    const { slug, installUrl, store } = await create(code);
    return html(200, 'The App is there', [
      '<ol>',
      `<li>Its id, key and webhook secret are in <code>${escape(store)}</code>, which only this user can read.</li>`,
      `<li><a href="${escape(installUrl)}">Install ${escape(slug)}</a> on the repositories that it is for.</li>`,
      '<li>Start <code>serve</code> and <code>worker</code> with that file as their environment; then <code>slsa-pipeline doctor</code> looks everything over.</li>',
      '</ol>',
    ]);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return html(502, 'The App could not be kept', [
      `<p>${escape(why)}</p>`,
      '<p>A code is good once, and for an hour. Begin again at the address that this process has printed.</p>',
    ]);
  }
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const html = (status: number, title: string, body: readonly string[]): Page => ({
  status,
  contentType: 'text/html; charset=utf-8',
  body: [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>`,
    `<body><main><h1>${title}</h1>`,
    ...body,
    '</main></body>',
    '</html>',
    '',
  ].join('\n'),
});
