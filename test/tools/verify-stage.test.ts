/** Stage 06, whose gh and cosign are the real programs, in the sandbox's runner: what they find is what the App reads. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Chain } from '../stages/chain.ts';
import { boxes, endsOf, SCENARIOS, type Step } from '../stages/scenarios.ts';
import { realTool } from './real-tools.ts';

const [gh, cosign] = [realTool('gh'), realTool('cosign')];
const isThere = gh.path !== null && cosign.path !== null;

(isThere ? describe : describe.skip)(`stage 06 with ${gh.title} and ${cosign.title}`, () => {
  let all: Awaited<ReturnType<typeof boxes>>;
  beforeAll(async () => {
    all = await boxes({ realTools: { gh: gh.path ?? '', cosign: cosign.path ?? '' } });
  });
  afterAll(() => all.stop());

  // Not those of ghcr.io: the real programs would ask the real one.
  const verifying = Object.entries(SCENARIOS).filter(
    ([, { steps, registry }]) => registry === undefined && steps.some(({ stage }) => stage === 'verify'),
  );
  it.each(verifying)('%s', async (title, scenario) => {
    const name = `real-${verifying.findIndex(([each]) => each === title)}`;
    const chain = await Chain.start(all.boxOf(scenario), { ...scenario, name });
    for (const { stage, inputs, ends } of scenario.steps.filter(isForVerify))
      expect({ stage, ends: endsOf(await chain.run(stage, inputs), chain) }).toEqual({ stage, ends });
  });
});

const isForVerify = ({ stage }: Step): boolean => !['lint', 'scan'].includes(stage);
