/** docker/setup-buildx-action: a builder in a container of its own. Source: docker/setup-buildx-action v4.3.0, `src/`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Machine } from '../runner/machine.ts';
import { failed, type ActionCall, type ActionDouble, type ActionEnd } from './action.ts';

export const setupBuildx: ActionDouble = {
  name: 'docker/setup-buildx-action',
  commit: '37fe631027851001ddb9b187196cc803df7f5f0e',
  version: 'v4.3.0',
  inputs: {
    version: null,
    driver: 'docker-container',
    'driver-opts': null,
    'buildkitd-flags': null,
    'buildkitd-config': null,
    'buildkitd-config-inline': null,
    use: 'true',
    name: null,
    endpoint: null,
    platforms: null,
    append: null,
    'keep-state': 'false',
    'cache-binary': 'true',
    cleanup: 'true',
  },
  run: (call) => Promise.resolve(setUp(call)),
  post: ({ machine }) => rmSync(builderFile(machine), { force: true }),
};

/** Which builder buildx uses; without the file it is Docker's own. */
export const builderFile = ({ folders }: Machine): string => join(folders.home, '.docker', 'buildx', 'current');

function setUp({ input, machine, log }: ActionCall): ActionEnd {
  const driver = input('driver');
  if (!['docker', 'docker-container'].includes(driver)) return failed(`failed to find driver "${driver}"`);
  const name = input('name') === '' ? `builder-${crypto.randomUUID()}` : input('name');
  mkdirSync(dirname(builderFile(machine)), { recursive: true });
  if (driver === 'docker-container') writeFileSync(builderFile(machine), name);
  machine.giveToRunner(dirname(dirname(builderFile(machine))));
  log('::group::Booting builder');
  log('#1 [internal] booting buildkit');
  log(
    `#1 pulling image ${/(?:^|\n)image=(\S+)/.exec(input('driver-opts'))?.[1] ?? 'moby/buildkit:buildx-stable-1'} done`,
  );
  log('::endgroup::');
  return { outputs: { name, driver, platforms: 'linux/amd64,linux/amd64/v2,linux/amd64/v3,linux/386' } };
}
