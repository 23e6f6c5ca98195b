/** A model's edits are applied where they fit, exactly, or not at all. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { applyEdits, ModelAnswer, type ModelEdit } from '../../../src/domain/repair/structured-edit.ts';

const edit = (oldText: string, newText: string, path = 'a.js'): ModelEdit => ({
  path,
  oldText,
  newText,
  reason: '',
  repairs: [1],
});
const files = new Map([['a.js', 'one\ntwo\nthree\ntwo\n']]);

describe('edits', () => {
  it('build on each other within a file', () => {
    const { files: changed, refused } = applyEdits(files, [edit('one', '1'), edit('1\ntwo', '1\n2')]);
    expect(changed.get('a.js')).toBe('1\n2\nthree\ntwo\n');
    expect(refused).toEqual([]);
  });

  it.each([
    ['is not there', edit('four', '4'), 'the text that it replaces is not in the file'],
    ['is there twice', edit('two', '2'), 'the text that it replaces is in the file more than once'],
    ['is of a file that was not shown', edit('one', '1', '../etc/passwd'), 'it names a file that was not shown'],
    ['changes nothing', edit('one', 'one'), 'it changes nothing'],
  ])('is refused where its text %s, and the others still count', (_, refusedEdit, why) => {
    const { files: changed, refused } = applyEdits(files, [refusedEdit, edit('three', '3')]);
    expect(refused).toEqual([{ edit: refusedEdit, why }]);
    expect(changed.get('a.js')).toBe('one\ntwo\n3\ntwo\n');
  });

  it('counts occurrences that overlap', () => {
    expect(applyEdits(new Map([['a', 'aaa']]), [edit('aa', 'b', 'a')]).refused).toHaveLength(1);
  });

  it('takes what is written for what it is, and for no pattern', () => {
    const { files: changed } = applyEdits(new Map([['a', 'f(x)']]), [edit('f(x)', "$& $1 $' \\n", 'a')]);
    expect(changed.get('a')).toBe("$& $1 $' \\n");
  });

  it('that undo each other change no file', () => {
    expect(applyEdits(files, [edit('one', '1'), edit('1', 'one')]).files.size).toBe(0);
  });

  it('change what they name and nothing around it', () => {
    const text = fc.string({ maxLength: 40 });
    fc.assert(
      fc.property(text, text, text, (before, middle, after) => {
        const whole = `${before}<${middle}>${after}`;
        const { files: changed, refused } = applyEdits(new Map([['a', whole]]), [edit(`<${middle}>`, '!', 'a')]);
        if (refused.length === 0) expect(changed.get('a')).toBe(`${before}!${after}`);
        else expect(whole.split(`<${middle}>`).length).toBeGreaterThan(2);
      }),
    );
  });
});

describe('an answer', () => {
  it.each([
    ['no object', []],
    ['without edits', { left: [] }],
    ['with an edit that repairs nothing', { edits: [{ ...edit('a', 'b'), repairs: [] }], left: [] }],
    ['with a key of its own', { edits: [], left: [], tools: ['bash'] }],
    ['with an edit without text', { edits: [{ ...edit('', 'b') }], left: [] }],
    ['with an edit that has more', { edits: [{ ...edit('a', 'b'), mode: '100755' }], left: [] }],
    ['with thousands of edits', { edits: Array.from({ length: 1000 }, () => edit('a', 'b')), left: [] }],
    ['with an edit of megabytes', { edits: [edit('a', 'b'.repeat(100_000))], left: [] }],
  ])('%s is none', (_, answer) => {
    expect(ModelAnswer.safeParse(answer).success).toBe(false);
  });

  it('with edits and what is left is one', () => {
    const answer = { edits: [edit('a', 'b')], left: [{ path: 'a', finding: 2, reason: 'a decision' }] };
    expect(ModelAnswer.parse(answer)).toEqual(answer);
  });
});
