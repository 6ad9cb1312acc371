import { expect, it } from 'vitest';
import type { NoteOnce } from '../../src/core/once.ts';

/** What every implementation of `NoteOnce` holds to; `now` is its clock, in real time or in a test's. */
export function noteOnceContract(noteOnce: () => NoteOnce, now: () => number): void {
  const later = () => now() + 60_000;

  it('notes each text once', async () => {
    expect(await noteOnce()('a', later())).toBe(true);
    expect(await noteOnce()('b', later())).toBe(true);
    expect(await noteOnce()('a', later())).toBe(false);
    expect(await noteOnce()('a', later())).toBe(false);
  });

  it('tells one of many at once', async () => {
    const answers = Array.from({ length: 20 }, () => noteOnce()('many', later()));
    expect((await Promise.all(answers)).filter(Boolean)).toHaveLength(1);
  });

  it('takes any text for what it is', async () => {
    for (const text of ['', '__proto__', 'a b', '\u0000', '👩‍🚀']) {
      expect(await noteOnce()(text, later())).toBe(true);
      expect(await noteOnce()(text, later())).toBe(false);
    }
  });
}
