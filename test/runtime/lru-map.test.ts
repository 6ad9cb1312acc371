import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLruMap, evictWhile } from '../../src/runtime/caches.ts';
import { survivorsOf } from '../support/survivors.ts';

interface Step {
  readonly what: 'set' | 'delete' | 'evict';
  readonly key: string;
  readonly size: number;
}

const keys = ['a', 'b', 'c', 'd', '__proto__'];
const steps = fc.array(
  fc.record<Step>({
    what: fc.constantFrom('set', 'set', 'set', 'delete', 'evict'),
    key: fc.constantFrom(...keys),
    size: fc.nat(3),
  }),
);

describe('an LRU map', () => {
  it('keeps the entries that were set last, up to its maximum', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const map = createLruMap<number>(4);
        let list: (Step & { readonly value: number })[] = [];
        all.forEach((step, value) => {
          const { what, key, size } = step;
          if (what === 'evict') {
            evictWhile(map, () => map.size > size);
            list = list.slice(Math.max(0, list.length - size));
          } else {
            list = list.filter((each) => each.key !== key);
            if (what === 'delete') map.delete(key);
            else {
              map.set(key, value);
              list = [...list, { ...step, value }].slice(-4);
            }
          }
          expect(map.size).toBe(list.length);
          for (const each of keys) {
            expect(map.peek(each)).toBe(list.findLast((one) => one.key === each)?.value);
          }
        });
        const left: number[] = [];
        evictWhile(map, (value) => left.push(value) > 0);
        expect(left).toEqual(list.map(({ value }) => value));
      }),
    );
  });

  it('checks one entry more than it evicts', () => {
    const map = createLruMap<number>(100);
    for (let i = 0; i < 100; i += 1) map.set(String(i), i);
    const checked: number[] = [];
    evictWhile(map, (value) => {
      checked.push(value);
      return value < 2;
    });
    expect(checked).toEqual([0, 1, 2]);
  });

  it('keeps no evicted or replaced entry in memory', async () => {
    const map = createLruMap<object>(100);
    map.set('first', {});
    const values = Array.from({ length: 1_000 }, (_, i) => {
      const value = { i };
      map.delete(`key ${(i + 3) % 7}`);
      map.set(`key ${i % 7}`, value);
      return new WeakRef(value);
    });
    expect((await survivorsOf(values)).length).toBeLessThan(20);
    expect(map.peek('first')).toBeDefined();
  });
});
