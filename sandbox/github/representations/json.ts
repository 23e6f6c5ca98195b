/** What every representation is made of: plain objects, node ids, and families of addresses. */

export type Json = Record<string, unknown>;

/** A family of `NAME_url` fields under one address: `{ labels: 'labels{/name}' }` is `labels_url: ADDRESS/labels{/name}`. */
export const urls = (address: string, paths: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(paths).map(([name, path]) => [`${name}_url`, `${address}/${path}`]));

/** GraphQL's ids: opaque to everyone, so any text that is one object's own will do. */
export const nodeId = (kind: string, id: number | string): string => Buffer.from(`${kind}:${id}`).toString('base64url');

/** GitHub's times have no milliseconds. */
export const wholeSeconds = (time: string): string => time.replace(/\.\d+Z$/, 'Z');

/** A path as part of an address, its slashes kept. */
export const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
