/** What every part of a process has in common. */
export interface Started {
  stop(): Promise<void>;
}
