/** Where Temporal is, and whether what travels there may be read on the way. */
import type { TemporalAddress } from '../adapters/temporal/temporal-address.ts';
import type { Environment } from './environment.ts';
import { UsageError } from './usage-error.ts';

/** @throws UsageError where no server is named, or one that would be spoken to in the clear over a network */
export function temporalAddress(environment: Environment): TemporalAddress {
  const { TEMPORAL_URL: address, TEMPORAL_NAMESPACE: namespace, TEMPORAL_API_KEY: apiKey } = environment;
  if (address === undefined) {
    throw new UsageError(
      'Set TEMPORAL_URL to the Temporal server (host:port), or use `slsa-pipeline dev`, which brings one.',
    );
  }
  if (!/:\d{1,5}$/.test(address)) {
    throw new UsageError(`TEMPORAL_URL: ${address} has no port. Temporal listens on 7233 by default: ${address}:7233.`);
  }
  const tls = environment.TEMPORAL_TLS || apiKey !== undefined;
  if (!tls && !environment.TEMPORAL_PLAINTEXT && !isLoopback(address)) {
    throw new UsageError(
      `TEMPORAL_URL: ${address} is on a network, and would be spoken to in the clear: whoever reads along sees every run, and whoever writes along starts them. Set TEMPORAL_TLS=true, or TEMPORAL_PLAINTEXT=true where the network itself is private.`,
    );
  }
  return { address, namespace, tls, ...(apiKey === undefined ? {} : { apiKey }) };
}

/** This machine alone. Source: RFC 6890, 127.0.0.0/8 and ::1. */
function isLoopback(address: string): boolean {
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
