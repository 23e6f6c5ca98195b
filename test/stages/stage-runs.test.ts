/** The rendered stage files, carried out by the sandbox's runner and read by the App's readers, in what repositories may be. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Sandbox } from '../../sandbox/box.ts';
import { Chain } from './chain.ts';
import { endsOf, SCENARIOS, type Scenario } from './scenarios.ts';

let own: Sandbox;
let isolated: Sandbox;
beforeAll(async () => {
  own = await Sandbox.start({ kind: true, queueMs: 0 });
  isolated = await Sandbox.start({ kind: true, queueMs: 0 });
  await isolated.createBuilder();
});
afterAll(() => Promise.all([own.stop(), isolated.stop()]));

describe('the stages of', () => {
  let count = 0;
  it.each(Object.entries(SCENARIOS))('%s', async (_title, scenario: Scenario) => {
    const box = scenario.isolated === true ? isolated : own;
    const chain = await Chain.start(box, { ...scenario, name: `repository-${(count += 1)}` });
    for (const { stage, inputs, ends } of scenario.steps)
      expect({ stage, ends: endsOf(await chain.run(stage, inputs), chain) }).toEqual({ stage, ends });
  });
});
