/** The environment: the only reader of `process.env`, and the one schema that `.env.example` is held equal to. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { BuilderWorkflow } from '../domain/build/builder.ts';
import { Secret } from '../domain/secret.ts';
import { MIN_SECRET_LENGTH } from '../intake/webhook-contract.ts';
import { UsageError } from './usage-error.ts';

const text = z.string().min(1);
const secret = text.transform((value) => new Secret(value));
const flag = z
  .enum(['true', 'false'], 'is true or false')
  .default('false')
  .transform((value) => value === 'true');

export const Environment = z.object({
  TEMPORAL_URL: text
    .optional()
    .describe('host:port of the Temporal server. Unset in `dev` and `demo`: a server is started.'),
  TEMPORAL_NAMESPACE: text.default('default').describe('Temporal namespace.'),
  TEMPORAL_TLS: flag.describe('`true`: speak TLS to the Temporal server.'),
  TEMPORAL_PLAINTEXT: flag.describe(
    '`true`: speak to a server on another machine in the clear, where the network itself is private.',
  ),
  TEMPORAL_API_KEY: secret.optional().describe('API key of Temporal Cloud; TLS is used with it.'),
  TEMPORAL_CLI_PATH: text.optional().describe('The `temporal` executable that `dev` and `demo` start.'),
  WORKER_DEPLOYMENT: text
    .optional()
    .describe('Name of the worker deployment, where Temporal is to tell versions of the worker apart.'),
  WORKER_BUILD_ID: text.optional().describe('Version of this worker in that deployment.'),
  APP_ID: z.coerce.number().int().positive().optional().describe('Numeric id of the GitHub App.'),
  PRIVATE_KEY: secret.optional().describe("The App's private key in PEM; `\\n` may be written for line ends."),
  PRIVATE_KEY_PATH: text.optional().describe('A file that holds the private key, instead of PRIVATE_KEY.'),
  WEBHOOK_SECRET: z
    .string()
    .min(MIN_SECRET_LENGTH, `has fewer than ${MIN_SECRET_LENGTH} characters: anybody could forge events`)
    .transform((value) => new Secret(value))
    .optional()
    .describe(`The App's webhook secret, at least ${MIN_SECRET_LENGTH} characters.`),
  SETUP_STORE: text
    .optional()
    .describe('Without APP_ID: a file in which `serve` keeps the App that it makes on GitHub, with its page `/setup`.'),
  GITHUB_TOKEN: secret
    .optional()
    .describe('Instead of an App: a plain token, for `run` and `worker`. Check runs then do not exist.'),
  GITHUB_API_URL: z.url().default('https://api.github.com').describe("The API's address: https://HOST/api/v3 on GHES."),
  GITHUB_SERVER_URL: z
    .url()
    .optional()
    .describe('How identities of signers begin, where GITHUB_API_URL does not tell: https://HOST.'),
  BUILDER_WORKFLOW: BuilderWorkflow.optional().describe(
    'The isolated builder, OWNER/REPO/.github/workflows/build-image.yml@COMMIT. Unset: repositories build for themselves, Build L2 at best.',
  ),
  TRUST_POLICY: text
    .optional()
    .describe(
      'A YAML file: which builders are trusted at which commits, how far, and what repositories must reach. Unset: BUILDER_WORKFLOW at L3.',
    ),
  REGISTRY_HOSTS: z
    .string()
    .default('ghcr.io,docker.io,quay.io')
    .transform((list) =>
      list
        .split(',')
        .map((host) => host.trim())
        .filter((host) => host !== ''),
    )
    .describe('Registries that may be asked for attestations; an image elsewhere is assessed without.'),
  VSA_PRIVATE_KEY: secret
    .optional()
    .describe('ECDSA P-256 key in PEM that signs verification summaries; `\\n` may be written for line ends.'),
  VSA_PRIVATE_KEY_PATH: text.optional().describe('A file that holds it, instead of VSA_PRIVATE_KEY.'),
  VERIFIER_ID: z
    .string()
    .regex(/^[a-z][a-z0-9+.-]*:[^\s]{1,300}$/, 'is a URI, such as https://slsa.example.org/verifier/v1')
    .default('urn:slsa-pipeline:verifier:v1')
    .describe('Who vouches, in verification summaries: a URI of yours.'),
  ANTHROPIC_API_KEY: secret
    .optional()
    .describe("Key of the model that repairs what the linters' own fixers cannot. Unset: the fixers alone."),
  ANTHROPIC_BASE_URL: z.url().default('https://api.anthropic.com').describe("The model's address."),
  ANTHROPIC_MODEL: text.default('claude-sonnet-5-5').describe('Which model is asked.'),
  REPAIR_RUNS_AN_HOUR: z.coerce
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(20)
    .describe('Runs of one installation that may ask the model within an hour.'),
  REPAIR_TOKENS_A_DAY: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(1_000_000)
    .describe('Tokens that the repairs of one installation may take within a day.'),
  MCP_SERVER: text
    .optional()
    .describe(
      "Who writes a repair's branches: a command (`github-mcp-server stdio`), an address (http://…/mcp), or `none` for REST alone. Unset: the embedded server.",
    ),
  HOST: text.default('127.0.0.1').describe('Address that `serve` and `dev` listen on.'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000).describe('Port that `serve` and `dev` listen on.'),
  METRICS_HOST: text.default('127.0.0.1').describe('Address that METRICS_PORT is bound to.'),
  METRICS_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('Port of `/metrics`, `/healthz` and `/readyz`, apart from the webhooks. Unset: no figures are told.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url()
    .optional()
    .describe('Where traces go, by OTLP over HTTP: http://collector:4318. Unset: none are made.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('How much is logged.'),
});
export type Environment = z.infer<typeof Environment>;

/** @throws UsageError that lists every mistake. */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  // An empty value is what `.env` files write for "not set".
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(set);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${whatIsWrong(issue, set)}`);
  throw new UsageError(['The environment has mistakes:', ...mistakes, 'See .env.example for all of them.'].join('\n'));
}

/** zod's own words, but where they speak of what the text was made into. */
function whatIsWrong(
  { code, message, path }: z.core.$ZodIssue,
  set: Readonly<Record<string, string | undefined>>,
): string {
  const name = String(path[0] ?? '');
  if (code === 'invalid_type' && message.includes('NaN')) return `a number is needed, and this is "${set[name] ?? ''}"`;
  return message === 'Invalid URL' ? 'an address is needed, such as https://host.example:4318' : message;
}

export type Credentials =
  | { readonly kind: 'app'; readonly appId: number; readonly privateKey: Secret }
  | { readonly kind: 'token'; readonly token: Secret };

/** @throws UsageError where there is no way to act on GitHub. */
export function credentialsOf(environment: Environment): Credentials {
  const { APP_ID: appId, GITHUB_TOKEN: token } = environment;
  const privateKey = privateKeyOf(environment);
  if (appId !== undefined && privateKey !== null) return { kind: 'app', appId, privateKey };
  if (token !== undefined) return { kind: 'token', token };
  throw new UsageError(
    'Set APP_ID and PRIVATE_KEY (or PRIVATE_KEY_PATH) of the App; for `run` and `worker` GITHUB_TOKEN does too. There is no App yet? Set SETUP_STORE to a file, and `serve` makes one.',
  );
}

function privateKeyOf({ PRIVATE_KEY: key, PRIVATE_KEY_PATH: path }: Environment): Secret | null {
  if (key !== undefined) return parsedKey(key.reveal().replaceAll('\\n', '\n'), 'PRIVATE_KEY');
  if (path === undefined) return null;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`PRIVATE_KEY_PATH: ${path} cannot be read.`);
  }
  return parsedKey(text, `PRIVATE_KEY_PATH: ${path}`);
}

/** A key that is none would be noticed by the first webhook, hours later. */
function parsedKey(text: string, from: string): Secret {
  try {
    if (createPrivateKey(text).asymmetricKeyType === 'rsa') return new Secret(text);
  } catch {
    // Said below, without a word of what it holds.
  }
  throw new UsageError(
    `${from}: this is no RSA private key in PEM, as GitHub makes it for an App ("Generate a private key").`,
  );
}

/** Every secret that the environment holds, for the log to know what it must never write. */
export const secretsOf = (environment: Environment): Secret[] =>
  Object.values(environment).filter((value): value is Secret => value instanceof Secret);
