/** What a process prints: lines for the log, and commands to the runner among them. Source: docs, "Workflow commands". */

export type Printed =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'annotation'; readonly level: 'error' | 'warning' | 'notice'; readonly message: string }
  | { readonly kind: 'mask'; readonly value: string }
  | { readonly kind: 'group'; readonly title: string }
  | { readonly kind: 'endgroup' }
  | { readonly kind: 'hidden' };

const COMMAND = /^::([a-z-]+)(?: ([^:]*))?::(.*)$/;

export function readPrinted(line: string): Printed {
  const [, name = '', , value = ''] = COMMAND.exec(line.trimStart()) ?? [];
  const text = value.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
  switch (name) {
    case 'error':
    case 'warning':
    case 'notice':
      return { kind: 'annotation', level: name, message: text };
    case 'add-mask':
      return { kind: 'mask', value: text };
    case 'group':
      return { kind: 'group', title: text };
    case 'endgroup':
      return { kind: 'endgroup' };
    case 'debug':
      return { kind: 'hidden' };
    default:
      return { kind: 'line', text: line };
  }
}
