/** Stage 06, whose gh and cosign are the real programs, in the sandbox's runner: what they find is what the App reads. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Sandbox } from '../../sandbox/box.ts';
import { Chain, type ChainOptions } from '../stages/chain.ts';
import { endsOf, SCENARIOS, type Step } from '../stages/scenarios.ts';
import { realTool } from './real-tools.ts';

const [gh, cosign] = [realTool('gh'), realTool('cosign')];
const isThere = gh.path !== null && cosign.path !== null;

(isThere ? describe : describe.skip)(`stage 06 with ${gh.title} and ${cosign.title}`, () => {
  let own: Sandbox;
  let isolated: Sandbox;
  beforeAll(async () => {
    const options = { kind: true, queueMs: 0, realTools: { gh: gh.path ?? '', cosign: cosign.path ?? '' } };
    own = await Sandbox.start(options);
    isolated = await Sandbox.start(options);
    await isolated.createBuilder();
  });
  afterAll(() => Promise.all([own.stop(), isolated.stop()]));

  const verifying = Object.entries(SCENARIOS).filter(([, { steps }]) => steps.some(({ stage }) => stage === 'verify'));
  it.each(verifying)('%s', async (title, { isolated: isIsolated, steps, ...options }) => {
    const name = `real-${verifying.findIndex(([each]) => each === title)}`;
    const chain = await Chain.start(isIsolated === true ? isolated : own, { ...options, name } satisfies ChainOptions);
    for (const { stage, inputs, ends } of steps.filter(isForVerify))
      expect({ stage, ends: endsOf(await chain.run(stage, inputs), chain) }).toEqual({ stage, ends });
  });
});

const isForVerify = ({ stage }: Step): boolean => !['lint', 'scan'].includes(stage);
