/** Receives tool calls from the shims, over a line protocol on loopback. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { delimiter, join } from 'node:path';
import { cosign } from './cosign.ts';
import { curl } from './curl.ts';
import { docker } from './docker.ts';
import { gh } from './gh.ts';
import { jq } from './jq.ts';
import { verifyingBy, type RealTools } from './real.ts';
import { syft } from './syft.ts';
import { SHIM } from './shim.ts';
import type { Tool, ToolCall, ToolResult } from './tool.ts';

/** What a call is made for: a job, which is known by its ticket. */
export type Admitted = Pick<ToolCall, 'facts' | 'machine' | 'services'>;

/** Tools by folder on the PATH. `hosted` holds what a GitHub-hosted runner has preinstalled. */
export type Toolboxes = Readonly<Record<string, Readonly<Record<string, Tool>>>>;

/** Tools that read standard input; the others leave it to the next command of the script. */
const READ_STDIN = ['jq'];

/** The sandbox's tools, and those of the machine's own that are as good. */
export function toolboxes(real: RealTools = {}): Toolboxes {
  const missing = Object.fromEntries(Object.entries({ jq, curl }).filter(([name]) => !isOnPath(name)));
  const ghTool = real.gh === undefined ? gh : verifyingBy(real.gh, gh).gh;
  const cosignTool = real.cosign === undefined ? cosign : verifyingBy(real.cosign, cosign).cosign;
  return { hosted: { docker, gh: ghTool, ...missing }, cosign: { cosign: cosignTool }, syft: { syft } };
}

const isOnPath = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

export class ToolsServer {
  private readonly server: Server;
  private readonly folder: string;
  private readonly tools: ReadonlyMap<string, Tool>;
  private readonly jobs = new Map<string, Admitted>();
  private readonly sockets = new Set<Socket>();

  /** @param folder an empty folder, which any user may enter */
  constructor(folder: string, toolboxes: Toolboxes) {
    this.folder = folder;
    this.tools = new Map(Object.values(toolboxes).flatMap((tools) => Object.entries(tools)));
    for (const [box, tools] of Object.entries(toolboxes)) {
      mkdirSync(this.folderOf(box), { recursive: true });
      for (const name of Object.keys(tools)) {
        const file = join(this.folderOf(box), name);
        writeFileSync(file, READ_STDIN.includes(name) ? SHIM.replace('set -u', 'set -u\nSANDBOX_STDIN=yes') : SHIM);
        chmodSync(file, 0o755);
      }
    }
    this.server = createServer((socket) => this.serve(socket));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  folderOf(box: string): string {
    return join(this.folder, box);
  }

  admit(job: Admitted): string {
    const ticket = randomUUID();
    this.jobs.set(ticket, job);
    return ticket;
  }

  dismiss(ticket: string): void {
    this.jobs.delete(ticket);
  }

  variables(ticket: string): Record<string, string> {
    return { SANDBOX_TOOLS: `${(this.server.address() as AddressInfo).port} ${ticket}` };
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    this.answer(socket).then(
      ({ exitCode, stdout, stderr }) => socket.end(`${exitCode}\n${base64(stdout)}\n${base64(stderr)}\n`),
      (error: unknown) => socket.end(`70\n\n${base64(`the sandbox: ${String(error)}\n`)}\n`),
    );
  }

  private async answer(socket: Socket): Promise<ToolResult> {
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => {
      const line = await lines.next();
      return line.done === true ? '' : line.value;
    };
    const [ticket = '', name = '', count = '0'] = (await next()).split(' ');
    const cwd = unbase64(await next()).toString('utf8');
    const env = environmentOf(unbase64(await next()).toString('utf8'));
    const args: string[] = [];
    for (let at = 0; at < Number(count); at += 1) args.push(unbase64(await next()).toString('utf8'));
    const stdin = unbase64(await next());
    const [job, tool] = [this.jobs.get(ticket), this.tools.get(name)];
    if (job === undefined || tool === undefined) throw new Error(`no job, or no tool ${name}`);
    return tool({ ...job, args, cwd, env, stdin });
  }
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const unbase64 = (text: string): Buffer => Buffer.from(text, 'base64');

const environmentOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\0')
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
