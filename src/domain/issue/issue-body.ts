/**
 * The body of an issue of ours: a marker by which it is found again, and a section for each ref that it concerns, so that a
 * branch that has become clean takes its own words back and no others. Unseen by readers: markers are HTML comments.
 */

/** GitHub refuses longer bodies (65,536 characters); bytes are counted, with room. */
const MAX_BODY_BYTES = 60_000;
const MAX_SECTIONS = 20;

const SECTION = /^<!-- slsa-pipeline:ref ([^ ]{1,1200}) -->$/;
const END = '<!-- slsa-pipeline:end -->';

/** By ref: the lines that tell how it stands there. */
export type Sections = ReadonlyMap<string, readonly string[]>;

/** What is kept in a comment of HTML must not be able to end it. */
const encoded = (text: string): string => encodeURIComponent(text).replaceAll('-', '%2D');

export const markerOf = (kind: string, key: string): string => `<!-- slsa-pipeline:${kind}:${encoded(key)} -->`;

export const hasMarker = (body: string | null, marker: string): boolean => body?.split(/\r?\n/, 1)[0] === marker;

export function composeBody(marker: string, sections: Sections, closing: string): string {
  const lines = [...sections]
    .slice(0, MAX_SECTIONS)
    .flatMap(([ref, text]) => [`<!-- slsa-pipeline:ref ${encoded(ref)} -->`, ...text, END, '']);
  return [marker, ...withinLimit(lines, closing), closing].join('\n');
}

function withinLimit(lines: readonly string[], closing: string): string[] {
  const encoder = new TextEncoder();
  let left = MAX_BODY_BYTES - encoder.encode(closing).length;
  const kept: string[] = [];
  for (const line of lines) {
    left -= encoder.encode(line).length + 1;
    if (left < 0) return [...kept, END, '', '(Cut here: the check runs have the rest.)', ''];
    kept.push(line);
  }
  return kept;
}

/** Reads what `composeBody` wrote; whatever else people wrote into it is left out. */
export function sectionsOf(body: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let open: string[] | null = null;
  for (const line of body.split(/\r?\n/)) {
    const ref = SECTION.exec(line)?.[1];
    if (ref !== undefined && sections.size < MAX_SECTIONS) {
      open = [];
      sections.set(decoded(ref), open);
    } else if (line === END) open = null;
    else open?.push(line);
  }
  return sections;
}

function decoded(ref: string): string {
  try {
    return decodeURIComponent(ref);
  } catch {
    return ref;
  }
}
