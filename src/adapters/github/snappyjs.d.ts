/** The package brings no types. It is for writing blocks: its reader does not end on some hostile ones. */
declare module 'snappyjs' {
  export function compress(uncompressed: Uint8Array): Uint8Array;
}
