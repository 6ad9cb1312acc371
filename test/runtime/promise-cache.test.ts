import { EventEmitter, once } from 'node:events';
import { expect, it } from 'vitest';
import { createPromiseCache } from '../../src/runtime/caches.ts';

it('keeps recently used values, and loads others again', async () => {
  const lookups = { hits: 0, misses: 0 };
  const loaded: string[] = [];
  const cache = createPromiseCache<string>(3, lookups);
  const find = (key: string) =>
    cache.getOrLoad(key, () => {
      loaded.push(key);
      return Promise.resolve(`${key}!`);
    });
  // "a" is used again and stays; "b" is not, and is evicted.
  for (const key of ['a', 'b', 'c', 'a', 'd', 'a', 'e', 'b']) {
    expect(await find(key)).toBe(`${key}!`);
  }
  expect(loaded).toEqual(['a', 'b', 'c', 'd', 'e', 'b']);
  expect(lookups).toEqual({ hits: 2, misses: 6 });
  cache.clear();
  await find('e');
  expect(loaded.at(-1)).toBe('e');
});

it('caches the absence of a value, and never a failure', async () => {
  const loaded: string[] = [];
  const cache = createPromiseCache<string | undefined>(8, { hits: 0, misses: 0 });
  const find = (key: string, load: () => Promise<string | undefined>) =>
    cache.getOrLoad(key, () => {
      loaded.push(key);
      return load();
    });
  const nothing = () => Promise.resolve(undefined);
  const failure = () => Promise.reject(new Error('unavailable'));
  for (let i = 0; i < 3; i += 1) {
    expect(await find('a', nothing)).toBeUndefined();
    expect(await find('b', nothing)).toBeUndefined();
    expect(await find('c', () => Promise.resolve('c!'))).toBe('c!');
    await expect(find('d', failure)).rejects.toThrow('unavailable');
  }
  expect(loaded).toEqual(['a', 'b', 'c', 'd', 'd', 'd']);
});

it('does not replace a newer value', async () => {
  const cache = createPromiseCache<string | undefined>(8, { hits: 0, misses: 0 });
  const loaded = new EventEmitter();
  const slow = cache.getOrLoad('a', () => once(loaded, 'load').then(() => undefined));
  cache.clear();
  const after = () => Promise.resolve('a!');
  await cache.getOrLoad('a', after);
  loaded.emit('load');
  expect(await slow).toBeUndefined();
  expect(await cache.getOrLoad('a', after)).toBe('a!');
});
