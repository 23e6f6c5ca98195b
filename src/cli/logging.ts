/** One log, as JSON lines; what looks like a secret is taken out before it is written. */
import { pino, type Logger, type DestinationStream } from 'pino';

/** GitHub's tokens in all their forms, bearer headers, and PEM keys. Source: facts on token formats since 2026. */
const SECRET =
  /gh[pousr]_[A-Za-z0-9_.-]{16,}|github_pat_[A-Za-z0-9_]{16,}|(?<=[Bb]earer )[A-Za-z0-9._~+/-]{16,}=*|-----BEGIN[^-]*PRIVATE KEY-----[\s\S]*?(-----END[^-]*PRIVATE KEY-----|$)/g;

export const redact = (line: string): string => line.replace(SECRET, '[redacted]');

export function createLogger(level: string, destination: DestinationStream = process.stderr): Logger {
  const sink: DestinationStream = { write: (line) => destination.write(redact(line)) };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, sink);
}
