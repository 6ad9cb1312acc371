import { expect, it } from 'vitest';
import { createMemoryRateLimiter } from '../../src/rate-limit/memory-limits.ts';
import { createProcessHeap } from '../../src/runtime/heap.ts';
import { testNow } from '../support/tokens.ts';

it('keeps the name of a channel without the request body from which it was sliced', () => {
  const heap = createProcessHeap();
  const rates = createMemoryRateLimiter();
  heap.collect();
  const before = heap.size();
  const bodies = 200;
  for (let i = 0; i < bodies; i += 1) {
    const body = Buffer.alloc(256 * 1024, 'x').toString('latin1');
    const dedupeKey = body.slice(i, i + 40);
    const request = { limit: 'subscriptions', key: `key ${i}`, perMinute: 1, dedupeKey } as const;
    rates.claim(request, testNow).consume();
  }
  heap.collect();
  expect(heap.size() - before).toBeLessThan(0.5 * bodies * 256 * 1024);
  const other = { limit: 'subscriptions', key: 'key 7', perMinute: 1, dedupeKey: 'y' } as const;
  expect(rates.claim(other, testNow).waitMs).toBeGreaterThan(0);
});
