/**
 * Running histories depend on the order of commands: every recorded one must replay on today's workflow code. A change
 * that breaks this strands the runs of everybody who upgrades (`patched()` is the way round).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { workflowCode } from '../../src/adapters/temporal/workflow-bundle.ts';

const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url));
const NAMES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));

interface Recorded {
  readonly workflowId: string;
  readonly history: unknown;
}
const recorded = (name: string): Recorded => JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8')) as Recorded;

let code: string;
beforeAll(async () => {
  code = await workflowCode('plain');
});

const replay = async (source: string, { workflowId, history }: Recorded): Promise<void> => {
  await Worker.runReplayHistory({ workflowBundle: { code: source } }, historyFromJSON(history), workflowId);
};

describe('a recorded history', () => {
  it('is there for the kinds of run that matter, of this version and of those before it', () => {
    const kinds = (version: string): string[] =>
      NAMES.filter((name) => name.startsWith(`${version}/`)).map((name) =>
        name.slice(version.length + 1, -'.json'.length),
      );
    const first = ['coordinator', 'minimal-with-lost-dispatch', 'standard', 'superseded'];
    expect(kinds('0.1.0').toSorted()).toEqual(first);
    expect(kinds('0.2.0').toSorted()).toEqual(
      [...first, 'build-failure', 'command', 'maintenance', 'retried'].toSorted(),
    );
  });

  it.each(NAMES)('F26: %s replays on the workflows of today', async (name) => {
    await expect(replay(code, recorded(name))).resolves.toBeUndefined();
  });

  it('F26: replays with tracing switched on, too: it changes no order of commands', async () => {
    const traced = await workflowCode('traced');
    for (const name of ['0.2.0/standard.json', '0.2.0/coordinator.json', '0.2.0/command.json']) {
      await expect(replay(traced, recorded(name))).resolves.toBeUndefined();
    }
  });

  it('F26: does not replay where an activity has another name: the gate can fail', async () => {
    const changed = code.replaceAll('loadSettings', 'loadSettingsAnew');
    await expect(replay(changed, recorded('0.1.0/standard.json'))).rejects.toBeInstanceOf(DeterminismViolationError);
  });
});
