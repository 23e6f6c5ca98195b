/**
 * What GitHub has told one process about limits, by installation: until then nothing is sent for that installation, whichever run
 * asks, since asking on is what gets an App banned. Others go on. Source: "Rate limits for the REST API", "Exceeding the rate limit".
 */
import { GitHubFault } from './github-fault.ts';

export class RateGate {
  private readonly closedUntil = new Map<string, number>();

  /** @throws GitHubFault of kind `rate_limited`, where GitHub has asked for patience that is not over */
  pass(installation: string, nowEpochSeconds: number): void {
    const until = this.closedUntil.get(installation) ?? 0;
    if (until <= nowEpochSeconds) return void this.closedUntil.delete(installation);
    throw new GitHubFault('rate_limited', 'GitHub has asked this installation to wait', { untilEpochSeconds: until });
  }

  learn(installation: string, fault: GitHubFault): void {
    if (fault.kind !== 'rate_limited' || fault.untilEpochSeconds === null) return;
    const known = this.closedUntil.get(installation) ?? 0;
    this.closedUntil.set(installation, Math.max(known, fault.untilEpochSeconds));
  }
}
