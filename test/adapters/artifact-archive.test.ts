/** Artifacts are hostile until read: bounded, by exact name, from GitHub's own hosts, and never onto a disk. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { zipSync } from 'fflate';
import { fetchArchive, MAX_ARCHIVE_BYTES, readEntries } from '../../src/adapters/github/artifact-archive.ts';

const zip = (files: Record<string, string | Uint8Array>): Buffer =>
  Buffer.from(
    zipSync(
      Object.fromEntries(
        Object.entries(files).map(([name, content]) => [
          name,
          typeof content === 'string' ? new TextEncoder().encode(content) : content,
        ]),
      ),
    ),
  );

describe('the files of an archive', () => {
  it('T20: are those asked for, by exact name, with the hash of their bytes', async () => {
    const files = await readEntries(zip({ 'a.json': '{}', 'b/a.json': 'other', 'A.JSON': 'other' }), ['a.json']);
    expect([...files]).toEqual([
      ['a.json', { text: '{}', bytes: 2, sha256: createHash('sha256').update('{}').digest('hex') }],
    ]);
  });

  it.each([
    ['no zip', Buffer.from('hello')],
    ['nothing', Buffer.alloc(0)],
    ['a zip that was cut', zip({ 'a.json': 'x'.repeat(1000) }).subarray(0, 60)],
    ['a path that leads out', zip({ '../a.json': 'x', 'a.json': 'y' })],
    ['an absolute path', zip({ '/etc/passwd': 'x', 'a.json': 'y' })],
  ])('are refused whole where there is %s', async (_, bytes) => {
    await expect(readEntries(bytes, ['a.json'])).rejects.toMatchObject({ fault: 'not_a_zip' });
  });

  it('T21: that inflate beyond the bound are given up, whatever their header says', async () => {
    const bomb = zip({ 'a.json': new Uint8Array(90 * 1024 * 1024) });
    expect(bomb.length).toBeLessThan(200_000);
    await expect(readEntries(bomb, ['a.json'])).rejects.toMatchObject({ fault: 'too_large' });
    // The uncompressed size in the central directory is made to lie: 10 bytes.
    const at = bomb.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
    bomb.writeUInt32LE(10, at + 24);
    await expect(readEntries(bomb, ['a.json'])).rejects.toMatchObject({ fault: 'not_a_zip' });
  });

  it('T21: are not searched for among tens of thousands', async () => {
    const many = zip(Object.fromEntries(Array.from({ length: 5000 }, (__, index) => [`${index}.txt`, ''])));
    await expect(readEntries(many, ['a.json'])).rejects.toMatchObject({ fault: 'too_large' });
  });
});

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});
async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the bytes of an archive', () => {
  it.each([
    'http://169.254.169.254/latest',
    'https://evil.example/a.zip',
    'https://x.blob.core.windows.net.evil.example/a.zip',
    'https://user@x.blob.core.windows.net/a.zip',
    'https://x.blob.core.windows.net:8443/a.zip',
    'http://x.blob.core.windows.net/a.zip',
    'file:///etc/passwd',
    'not an address',
  ])('are never fetched from %s', async (address) => {
    const source = { baseUrl: 'https://api.github.com', fetch: () => Promise.reject(new Error('it was fetched')) };
    await expect(fetchArchive(source, address, null)).rejects.toMatchObject({ fault: 'refused_host' });
  });

  it("T25, F20: are fetched without credentials, and checked against GitHub's digest", async () => {
    const bytes = randomBytes(1000);
    const seen: (string | undefined)[] = [];
    const baseUrl = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end(bytes);
    });
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    expect(await fetchArchive({ baseUrl, fetch: globalThis.fetch }, `${baseUrl}/a`, digest)).toEqual(bytes);
    await expect(
      fetchArchive({ baseUrl, fetch: globalThis.fetch }, `${baseUrl}/a`, `sha256:${'0'.repeat(64)}`),
    ).rejects.toMatchObject({ fault: 'changed' });
    expect(seen).toEqual([undefined, undefined]);
  });

  it('T25: are not followed to another place', async () => {
    const baseUrl = await serve((_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end());
    await expect(fetchArchive({ baseUrl, fetch: globalThis.fetch }, `${baseUrl}/a`, null)).rejects.toMatchObject({
      fault: 'expired_address',
    });
  });

  it('T21: that never end are given up at the bound', async () => {
    let sent = 0;
    const baseUrl = await serve((_, response) => {
      const chunk = Buffer.alloc(1024 * 1024);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on('drain', more);
      more();
    });
    await expect(fetchArchive({ baseUrl, fetch: globalThis.fetch }, `${baseUrl}/a`, null)).rejects.toMatchObject({
      fault: 'too_large',
    });
    expect(sent).toBeLessThan(MAX_ARCHIVE_BYTES * 2);
  });
});
