/** Push deliveries as GitHub sends them: 10 KB, signed, each for a branch of its own; and the pool that posts them. */
import { createHmac, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { RefIntent } from '../src/domain/run/coordination.ts';
import { WEBHOOK_TIMING } from '../src/domain/run/timing.ts';
import { eventToIntent } from '../src/intake/event-to-intent.ts';

const BODY_BYTES = 10 * 1024;
const REPOSITORY_ID = 4242;
const POST_LIMIT_MS = 30_000;

export interface Delivery {
  readonly id: string;
  readonly body: string;
  readonly signature: string;
  /** What intake makes of it: the very payload that the bare call sends too. */
  readonly intent: RefIntent;
}

export function pushDelivery(branch: string, appId: number, secret: string): Delivery {
  const id = randomUUID();
  const payload = pushPayload(branch);
  const intent = eventToIntent({ event: 'push', id, payload }, { appId, timing: WEBHOOK_TIMING });
  if (intent.kind !== 'ref') throw new Error(`The delivery is not understood: ${JSON.stringify(intent)}`);
  const body = JSON.stringify(payload);
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  return { id, body, signature, intent: intent.intent };
}

function pushPayload(branch: string): object {
  const sha = createHmac('sha1', 'commit').update(branch).digest('hex');
  const bare = {
    ref: `refs/heads/${branch}`,
    before: '0'.repeat(40),
    after: sha,
    created: true,
    deleted: false,
    head_commit: { id: sha, message: '' },
    repository: {
      id: REPOSITORY_ID,
      name: 'app',
      owner: { id: 7, login: 'acme' },
      default_branch: 'main',
      private: false,
      visibility: 'public',
    },
    installation: { id: 9 },
    sender: { id: 8, login: 'kim', type: 'User' },
  };
  const message = 'x'.repeat(BODY_BYTES - JSON.stringify(bare).length);
  return { ...bare, head_commit: { id: sha, message } };
}

export class Poster {
  private readonly agent: Agent;
  private readonly url: string;

  constructor(url: string, connections: number) {
    this.url = url;
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** The answer's status, 0 where there was none. */
  post({ id, body, signature }: Delivery): Promise<number> {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-github-event': 'push',
      'x-github-delivery': id,
      'x-hub-signature-256': signature,
    };
    return new Promise((resolve) => {
      const sent = request(this.url, { method: 'POST', agent: this.agent, headers, timeout: POST_LIMIT_MS }, (reply) =>
        reply.resume().once('close', () => resolve(reply.statusCode ?? 0)),
      );
      sent.once('timeout', () => sent.destroy());
      sent.once('error', () => resolve(0));
      sent.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
