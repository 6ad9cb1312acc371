import { expect, it } from 'vitest';
import { createProcessHeap } from '../../src/heap.ts';
import { createMemoryPlaces } from '../../src/stores/memory-places.ts';
import { testNow } from '../support/tokens.ts';

it('keeps the name of a channel without the body that it was cut out of', () => {
  const heap = createProcessHeap();
  const places = createMemoryPlaces();
  heap.collect();
  const before = heap.size();
  const bodies = 200;
  for (let i = 0; i < bodies; i += 1) {
    const body = Buffer.alloc(256 * 1024, 'x').toString('latin1');
    const thing = body.slice(i, i + 40);
    places.take({ limit: 'subscriptions', key: `connection ${i}`, most: 20, thing }, testNow);
  }
  heap.collect();
  expect(heap.size() - before).toBeLessThan(0.5 * bodies * 256 * 1024);
  expect(
    places.waitOf({ limit: 'subscriptions', key: 'connection 7', most: 1, thing: 'y' }, testNow),
  ).toBeGreaterThan(0);
});
