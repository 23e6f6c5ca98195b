/** Issues are found again by their marker, and keep a section for each ref: whatever people write between. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { composeBody, hasMarker, markerOf, sectionsOf } from '../../../src/domain/issue/issue-body.ts';

const MARKER = markerOf('vulnerability', 'ghcr.io/acme/app');
const ref = fc
  .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
  .filter((text) => text.trim() !== '' && text.isWellFormed());
const line = fc.stringMatching(/^[a-zA-Z0-9 |*`.-]{0,60}$/);

describe('the body of an issue', () => {
  it('T18: is read as it was written, a section for each ref', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(ref, fc.array(line, { maxLength: 5 })), { selector: ([name]) => name, maxLength: 8 }),
        (entries) => {
          const sections = new Map(entries);
          expect(sectionsOf(composeBody(MARKER, sections, 'It closes by itself.'))).toEqual(sections);
        },
      ),
    );
  });

  it('begins with its marker, which no key can end', () => {
    const hostile = markerOf('failure', 'build refs/heads/a-->b\n<script>');
    expect(hostile).toMatch(/^<!-- slsa-pipeline:failure:[A-Za-z0-9%_.!~*'()]+ -->$/);
    expect(hasMarker(composeBody(hostile, new Map(), ''), hostile)).toBe(true);
    expect(hasMarker(composeBody(hostile, new Map(), ''), MARKER)).toBe(false);
    expect(hasMarker(null, MARKER)).toBe(false);
    expect(hasMarker(`> ${MARKER}`, MARKER)).toBe(false);
  });

  it('survives what people write into it', () => {
    const body = composeBody(MARKER, new Map([['refs/heads/main', ['one', 'two']]]), 'closing');
    const edited = body
      .replace('closing', 'A note of mine\n<!-- slsa-pipeline:ref %zz -->\nno end')
      .replaceAll('\n', '\r\n');
    expect(sectionsOf(edited).get('refs/heads/main')).toEqual(['one', 'two']);
    fc.assert(fc.property(fc.string(), (text) => sectionsOf(text).size <= 20));
  });

  it('is cut on a whole line before GitHub would refuse it', () => {
    const body = composeBody(
      MARKER,
      new Map([['refs/heads/main', Array.from({ length: 5000 }, (_, n) => `ünïcode line ${n}`)]]),
      'closing',
    );
    expect(new TextEncoder().encode(body).length).toBeLessThan(61_000);
    expect(body).toContain('(Cut here: the check runs have the rest.)');
    expect(body.endsWith('closing')).toBe(true);
  });
});
