/** Where a Temporal server is, and how it is spoken to. */
import type { Secret } from '../../domain/secret.ts';

export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  /** Without it nothing is encrypted: for this machine, and for networks that are private themselves. */
  readonly tls?: boolean;
  readonly apiKey?: Secret;
}

/** As both SDK connections take it, the client's and the worker's. */
export const connectionOptions = ({
  address,
  tls,
  apiKey,
}: TemporalAddress): { address: string; tls?: true; apiKey?: string } => ({
  address,
  ...(tls === true ? { tls } : {}),
  ...(apiKey === undefined ? {} : { apiKey: apiKey.reveal() }),
});
