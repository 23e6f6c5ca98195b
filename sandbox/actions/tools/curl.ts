/** curl, where the machine has none: one request, whose answer it prints. */
import { ended, flagsOf, type Tool } from './tool.ts';

export const curl: Tool = async ({ args }) => {
  const { flags, rest } = flagsOf(args, ['fail', 'silent', 'show-error']);
  const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(flags['header'] ?? '') ?? [];
  try {
    const reply = await fetch(rest[0] ?? '', name === '' ? {} : { headers: { [name]: value } });
    const text = await reply.text();
    if (!reply.ok && flags['fail'] === 'true')
      return ended(22, { stderr: `curl: (22) The requested URL returned error: ${reply.status}\n` });
    return ended(0, { stdout: text });
  } catch (error) {
    return ended(7, { stderr: `curl: (7) ${error instanceof Error ? error.message : String(error)}\n` });
  }
};
