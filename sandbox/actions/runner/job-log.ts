/** The log of a job, with its masks, and the annotations that its steps leave. */
import type { JobAnnotation } from '../../github/actions-records.ts';
import { readPrinted } from './log-commands.ts';
import type { Masks } from './masks.ts';

const LEVEL = { error: 'failure', warning: 'warning', notice: 'notice' } as const;

export class JobLog {
  readonly annotations: JobAnnotation[] = [];
  private readonly lines: string[] = [];
  private readonly masks: Masks;

  constructor(masks: Masks) {
    this.masks = masks;
  }

  /** A line as the runner itself writes it. */
  line(text: string): void {
    for (const each of text.split('\n')) this.lines.push(stamp(this.masks.hide(each)));
  }

  /** A line that a process has printed: it may be a command. */
  printed(text: string): void {
    const read = readPrinted(text);
    switch (read.kind) {
      case 'line':
        return this.line(read.text);
      case 'annotation':
        return this.annotate(read.level, read.message);
      case 'mask':
        return this.masks.add(read.value);
      case 'group':
        return this.line(`##[group]${read.title}`);
      case 'endgroup':
        return this.line('##[endgroup]');
      case 'hidden':
        return;
    }
  }

  annotate(level: keyof typeof LEVEL, message: string): void {
    this.line(`##[${level}]${message}`);
    this.annotations.push({ level: LEVEL[level], message: this.masks.hide(message) });
  }

  text(): string {
    return this.lines.map((line) => `${line}\n`).join('');
  }
}

/** Each line begins with its time, to seven digits. Source: docs, "Using workflow run logs". */
const stamp = (line: string): string => `${new Date().toISOString().replace('Z', '0000Z')} ${line}`;

export const stamped = (log: string): string =>
  log
    .split('\n')
    .map((line) => `${stamp(line)}\n`)
    .join('');
