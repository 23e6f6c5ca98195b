/** The rendered stage files, carried out by the sandbox's runner and read by the App's readers, in what repositories may be. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Chain } from './chain.ts';
import { boxes, endsOf, SCENARIOS, type Scenario } from './scenarios.ts';

let all: Awaited<ReturnType<typeof boxes>>;
beforeAll(async () => {
  all = await boxes();
});
afterAll(() => all.stop());

describe('the stages of', () => {
  let count = 0;
  it.each(Object.entries(SCENARIOS))('%s', async (_title, scenario: Scenario) => {
    const chain = await Chain.start(all.boxOf(scenario), { ...scenario, name: `repository-${(count += 1)}` });
    for (const { stage, inputs, ends } of scenario.steps)
      expect({ stage, ends: endsOf(await chain.run(stage, inputs), chain) }).toEqual({ stage, ends });
  });
});
