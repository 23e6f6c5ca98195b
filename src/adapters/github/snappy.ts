/**
 * Raw snappy blocks, read strictly: anybody may have stored one, and a lenient reader can be led round in circles. Every
 * element moves forward, and the whole is as long as it declares. Source: google/snappy, `format_description.txt`.
 */

/** The block's content; null where it is no block, or one of more than `maxBytes`, which is known before anything is made. */
export function inflateBlock(block: Uint8Array, maxBytes: number): Uint8Array | null {
  const declared = declaredLength(block);
  if (declared === null || declared.length > maxBytes) return null;
  const out = new Uint8Array(declared.length);
  let size = 0;
  for (let at = declared.end; at < block.length;) {
    const element = readElement(block, at);
    if (element === null || size + element.length > out.length) return null;
    if (element.literal !== null) out.set(element.literal, size);
    else if (element.distance === 0 || element.distance > size) return null;
    else repeat(out, size, element);
    size += element.length;
    at = element.end;
  }
  return size === out.length ? out : null;
}

interface Element {
  readonly length: number;
  /** Bytes as they are; null where earlier ones are repeated. */
  readonly literal: Uint8Array | null;
  readonly distance: number;
  /** Where the next one begins. */
  readonly end: number;
}

const MAX_LENGTH_BYTES = 5;

function declaredLength(block: Uint8Array): { readonly length: number; readonly end: number } | null {
  let length = 0;
  for (let index = 0; index < Math.min(MAX_LENGTH_BYTES, block.length); index += 1) {
    const byte = block[index] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { length, end: index + 1 };
  }
  return null;
}

function readElement(block: Uint8Array, at: number): Element | null {
  const tag = block[at] ?? 0;
  if ((tag & 3) === 0) return readLiteral(block, at, tag >>> 2);
  if ((tag & 3) === 1) return readCopy(block, at, { length: ((tag >>> 2) & 7) + 4, bytes: 1, high: tag >>> 5 });
  return readCopy(block, at, { length: (tag >>> 2) + 1, bytes: (tag & 3) === 2 ? 2 : 4, high: 0 });
}

/** Lengths of up to 60 stand in the tag; for longer ones it says in how many bytes they follow. */
function readLiteral(block: Uint8Array, at: number, code: number): Element | null {
  const bytes = Math.max(0, code - 59);
  const written = littleEndian(block, at + 1, bytes);
  if (written === null) return null;
  const length = (bytes === 0 ? code : written) + 1;
  const end = at + 1 + bytes + length;
  return end > block.length ? null : { length, literal: block.subarray(end - length, end), distance: 0, end };
}

function readCopy(
  block: Uint8Array,
  at: number,
  { length, bytes, high }: { readonly length: number; readonly bytes: number; readonly high: number },
): Element | null {
  const low = littleEndian(block, at + 1, bytes);
  return low === null ? null : { length, literal: null, distance: high * 256 + low, end: at + 1 + bytes };
}

/** By multiplication, since shifts would make the largest numbers negative. */
function littleEndian(block: Uint8Array, at: number, bytes: number): number | null {
  if (at + bytes > block.length) return null;
  return block.subarray(at, at + bytes).reduceRight((sum, byte) => sum * 256 + byte, 0);
}

/** Byte by byte: what is repeated may reach into itself. */
function repeat(out: Uint8Array, size: number, { length, distance }: Element): void {
  for (let index = size; index < size + length; index += 1) out[index] = out[index - distance] ?? 0;
}
