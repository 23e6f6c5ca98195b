/** Opens a server's port, and says in the operator's words why it cannot. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ListenOn {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Names of the settings that hold host and port, for the message. */
  readonly settings: { readonly host: string; readonly port: string };
}

/**
 * @returns the address, with the port that was bound
 * @throws Error that names the setting to change
 */
export async function listen(server: Server, { host, port, settings }: ListenOn): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const cause = CAUSES[error.code ?? '']?.(settings) ?? error.message;
      reject(new Error(`Cannot listen on ${host}:${port}: ${cause}`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  return `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
}

/** Source: Node.js, "Common system errors", and listen(2), bind(2). */
const CAUSES: Readonly<Record<string, (settings: ListenOn['settings']) => string>> = {
  EADDRINUSE: ({ port }) => `another process uses this port. Stop it, or set ${port} to a free port (0: any).`,
  EACCES: ({ port }) => `this user may not open this port. Set ${port} to one of 1024 or above.`,
  EADDRNOTAVAIL: ({ host }) => `this machine does not have this address. Set ${host} to one that it has.`,
  ENOTFOUND: ({ host }) => `this name is not known. Set ${host} to an address of this machine.`,
};
