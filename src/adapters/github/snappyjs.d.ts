/** The package brings no types. */
declare module 'snappyjs' {
  /** @throws Error where the block is malformed, or declares more than `maxLength` bytes */
  export function uncompress(compressed: Uint8Array, maxLength?: number): Uint8Array;
  export function compress(uncompressed: Uint8Array): Uint8Array;
}
