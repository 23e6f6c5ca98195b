import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { zipSync } from 'fflate';
import { readArchive } from '../../activities/read-archive.ts';
import { ArchiveError } from '../../src/adapters/github/artifact-archive.ts';
import { CommitSha } from '../../src/domain/git.ts';

const commit = CommitSha.parse('a'.repeat(40));
const expected = { stage: 'build', commit, digest: null, sbomSha256: null, imageName: 'ghcr.io/acme/app' } as const;
const stageJson = JSON.stringify({
  schemaVersion: 1,
  stage: 'build',
  commit,
  exitCode: 1,
  tool: { name: 'buildx', version: 'v0' },
});

const archiveOf = (files: Record<string, string | Buffer>): Uint8Array =>
  zipSync(
    Object.fromEntries(Object.entries(files).map(([name, content]) => [name, new Uint8Array(Buffer.from(content))])),
    { level: 0 },
  );

/** Noise does not deflate: with it an archive is large enough for a thread of its own. */
const large = { 'padding.bin': randomBytes(400_000) };

describe('reading an archive', () => {
  it('gives the same reading in a thread of its own as at once', async () => {
    const here = await readArchive({
      archive: archiveOf({ 'stage.json': stageJson }),
      expected,
      conclusion: 'failure',
    });
    const archive = archiveOf({ 'stage.json': stageJson, ...large });
    const apart = await readArchive({ archive, expected, conclusion: 'failure' });
    expect(here).toEqual({ kind: 'read', result: { kind: 'failed', exitCode: 1 } });
    expect(apart).toEqual(here);
  });

  it('brings the fault of an unreadable archive back from the thread', async () => {
    const error = await readArchive({ archive: randomBytes(400_000), expected, conclusion: 'failure' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ArchiveError);
    expect((error as ArchiveError).fault).toBe('not_a_zip');
  });

  it('T21: starts a thread for a large archive only, and ends it', async () => {
    const threads = (): number => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    const before = threads();
    const small = readArchive({ archive: archiveOf({ 'stage.json': stageJson }), expected, conclusion: 'failure' });
    expect(threads()).toBe(before);
    const big = readArchive({
      archive: archiveOf({ 'stage.json': stageJson, ...large }),
      expected,
      conclusion: 'failure',
    });
    expect(threads()).toBeGreaterThan(before);
    await Promise.all([small, big]);
    await new Promise((settle) => setTimeout(settle, 100));
    expect(threads()).toBeLessThanOrEqual(before);
  });
});
