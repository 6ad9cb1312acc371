import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTtlCache } from '../../src/runtime/caches.ts';
import { survivorsOf } from '../support/survivors.ts';

describe('a TTL cache', () => {
  const memoryOf = (maxEntries: number) => {
    const clock = { now: 0 };
    return { clock, memory: createTtlCache<string>({ maxEntries, now: () => clock.now }) };
  };

  it('evicts the oldest entry when it is full', () => {
    const { memory } = memoryOf(3);
    for (const key of ['a', 'b', 'c', 'd']) memory.set(key, key, 10);
    expect(['a', 'b', 'c', 'd'].map(memory.get)).toEqual([undefined, 'b', 'c', 'd']);
  });

  it('treats an entry that is set again as new', () => {
    const { memory } = memoryOf(2);
    memory.set('a', 'first', 10);
    memory.set('b', 'b', 10);
    memory.set('a', 'second', 10);
    memory.set('c', 'c', 10);
    expect(['a', 'b', 'c'].map(memory.get)).toEqual(['second', undefined, 'c']);
  });

  it('keeps each entry for its own time to live', () => {
    const { memory, clock } = memoryOf(2);
    memory.set('short', 'short', 1);
    memory.set('long', 'long', 2);
    clock.now = 1;
    expect(['short', 'long'].map(memory.get)).toEqual([undefined, 'long']);
    clock.now = 2;
    expect(memory.get('long')).toBeUndefined();
  });

  it('evicts as many old entries as a long key needs', () => {
    const memory = createTtlCache<string>({ maxEntries: 9, maxCharacters: 5, now: () => 0 });
    for (const key of ['aa', 'b', 'cc', 'dddd']) memory.set(key, key, 10);
    expect(['aa', 'b', 'cc', 'dddd'].map(memory.get)).toEqual([
      undefined,
      undefined,
      undefined,
      'dddd',
    ]);
    memory.set('e', 'e', 10);
    expect(['dddd', 'e'].map(memory.get)).toEqual(['dddd', 'e']);
  });

  it('keeps nothing of a replaced value', async () => {
    const memory = createTtlCache<object>({ maxEntries: 1_000, now: () => 0 });
    const responses = Array.from({ length: 1_000 }, (_, i) => {
      const response = { i };
      memory.set(`key ${i % 7}`, response, 10);
      return new WeakRef(response);
    });
    expect((await survivorsOf(responses)).length).toBeLessThan(20);
    expect(memory.get('key 0')).toBeDefined();
  });

  it('keeps the entries of a list that is truncated at its start', () => {
    const entry = fc.record({ key: fc.constantFrom('a', 'b', 'cc', 'ddd'), lifetime: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(entry), (keeps) => {
        let now = 0;
        const memory = createTtlCache<number>({ maxEntries: 3, maxCharacters: 5, now: () => now });
        let list: { key: string; until: number }[] = [];
        for (const { key, lifetime } of keeps) {
          list = list.filter((one) => one.key !== key);
          const used = () => list.reduce((sum, one) => sum + one.key.length, key.length);
          while (list.length >= 3 || used() > 5) list.shift();
          list.push({ key, until: now + lifetime });
          memory.set(key, now, lifetime);
          now += 1;
          list = list.filter(({ until }) => until > now);
          for (const each of ['a', 'b', 'cc', 'ddd']) {
            expect(memory.get(each) !== undefined).toBe(list.some((one) => one.key === each));
          }
        }
      }),
    );
  });
});
