import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLruMap } from '../../src/runtime/lru-map.ts';
import { survivorsOf } from '../support/survivors.ts';

interface Step {
  readonly what: 'put' | 'delete' | 'forget';
  readonly key: string;
  readonly weight: number;
}

const steps = fc.array(
  fc.record<Step>({
    what: fc.constantFrom('put', 'put', 'put', 'delete', 'forget'),
    key: fc.constantFrom('a', 'b', 'c', 'd', '__proto__'),
    weight: fc.nat(3),
  }),
);

describe('a map by age', () => {
  it('holds what a list would hold to whose end everything is put', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const map = createLruMap<number>();
        let list: (Step & { readonly value: number })[] = [];
        all.forEach((step, value) => {
          const { what, key, weight } = step;
          if (what === 'forget') {
            map.evictWhile(() => map.size() > weight);
            list = list.slice(Math.max(0, list.length - weight));
          } else {
            list = list.filter((each) => each.key !== key);
            if (what === 'delete') map.delete(key);
            else {
              map.set(key, value, weight);
              list.push({ ...step, value });
            }
          }
          expect(map.size()).toBe(list.length);
          expect(map.weight()).toBe(list.reduce((sum, each) => sum + each.weight, 0));
          for (const each of ['a', 'b', 'c', 'd', '__proto__']) {
            expect(map.get(each)).toBe(list.findLast((one) => one.key === each)?.value);
          }
        });
        const left: number[] = [];
        map.evictWhile((value) => left.push(value) > 0);
        expect(left).toEqual(list.map(({ value }) => value));
      }),
    );
  });

  it('looks at no more than it forgets, and one', () => {
    const map = createLruMap<number>();
    for (let i = 0; i < 100; i += 1) map.set(String(i), i);
    const seen: number[] = [];
    map.evictWhile((value) => {
      seen.push(value);
      return value < 2;
    });
    expect(seen).toEqual([0, 1, 2]);
  });

  it('keeps nothing of what has gone', async () => {
    const map = createLruMap<object>();
    map.set('first', {});
    const values = Array.from({ length: 1_000 }, (_, i) => {
      const value = { i };
      map.delete(`key ${(i + 3) % 7}`);
      map.set(`key ${i % 7}`, value);
      return new WeakRef(value);
    });
    expect((await survivorsOf(values)).length).toBeLessThan(20);
    expect(map.get('first')).toBeDefined();
  });
});
