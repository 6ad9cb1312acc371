import { describe, expect, it } from 'vitest';
import { createShortMemory } from '../../src/credentials/short-memory.ts';

describe('a short memory', () => {
  const memoryOf = (entries: number) => {
    const clock = { now: 0 };
    return { clock, memory: createShortMemory<string>({ entries, now: () => clock.now }) };
  };

  it('forgets the oldest when it is full', () => {
    const { memory } = memoryOf(3);
    for (const key of ['a', 'b', 'c', 'd']) memory.keep(key, key, 10);
    expect(['a', 'b', 'c', 'd'].map(memory.find)).toEqual([undefined, 'b', 'c', 'd']);
  });

  it('takes what is kept again for new', () => {
    const { memory } = memoryOf(2);
    memory.keep('a', 'first', 10);
    memory.keep('b', 'b', 10);
    memory.keep('a', 'second', 10);
    memory.keep('c', 'c', 10);
    expect(['a', 'b', 'c'].map(memory.find)).toEqual(['second', undefined, 'c']);
  });

  it('holds as long as it was told, each answer by itself', () => {
    const { memory, clock } = memoryOf(2);
    memory.keep('short', 'short', 1);
    memory.keep('long', 'long', 2);
    clock.now = 1;
    expect(['short', 'long'].map(memory.find)).toEqual([undefined, 'long']);
    clock.now = 2;
    expect(memory.find('long')).toBeUndefined();
  });
});
