/** The App was installed: each repository gets a first check on its default branch, which says that it is there and what it wants. */
import { ActivityFailure, log } from '@temporalio/workflow';
import type { WelcomeRequest } from '../src/domain/run/messages.ts';
import { again, patiently } from './activity-calls.ts';

export async function welcome(request: WelcomeRequest): Promise<void> {
  for (const { id, name } of request.repositories) {
    try {
      await welcomeOne(request, { id, name });
    } catch (error) {
      // One that cannot be looked at is no reason to be silent on the others.
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn('A repository could not be welcomed', { name, reason: error.cause?.message ?? error.message });
    }
  }
}

async function welcomeOne(
  { owner, installationId, user, delivery, timing }: WelcomeRequest,
  named: { id: number; name: string },
): Promise<void> {
  const found = await patiently(() => again.findDefaultTip({ ...named, owner, installationId }));
  if (found === null) return;
  const { repository, ref, tip } = found;
  await again.handToCoordinator({
    repository,
    ref,
    sha: tip,
    triggers: [{ kind: 'installation', actor: user.login }],
    delivery,
    timing,
  });
}
