import { afterEach, describe, expect, it } from 'vitest';
import { createProcessHeap, checkIntervalMs, startIdleGc } from '../../src/runtime/heap.ts';
import type { IntervalJob } from '../../src/runtime/interval-job.ts';
import { createTestClock } from '../support/test-clock.ts';
import { testNow } from '../support/tokens.ts';

/** Runs all callbacks that are ready. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

const megabyte = 1024 * 1024;

describe('the idle garbage collection', () => {
  let running: IntervalJob | undefined;

  afterEach(() => running?.stop());

  function start() {
    const time = createTestClock(testNow);
    const heap = { bytes: 60 * megabyte, living: 50 * megabyte, busy: 0.9, collections: 0 };
    running = startIdleGc(
      {
        size: () => heap.bytes,
        utilization: () => heap.busy,
        collect: () => {
          heap.collections += 1;
          heap.bytes = heap.living;
        },
      },
      time.clock.startTimer,
    );
    const look = async (): Promise<number> => {
      await settle();
      time.advance(checkIntervalMs);
      await settle();
      return heap.collections;
    };
    return { time, heap, look };
  }

  it('does not run in a busy process', async () => {
    const { heap, look } = start();
    heap.bytes = 400 * megabyte;
    expect(await look()).toBe(0);
    heap.busy = 0.05;
    expect(await look()).toBe(0);
  });

  it('repeats until it frees little, and again only after the heap has grown', async () => {
    const { heap, look } = start();
    heap.busy = 0.01;
    heap.bytes = 70 * megabyte;
    expect(await look()).toBe(1);
    heap.bytes = 70 * megabyte;
    expect(await look()).toBe(2);
    expect(await look()).toBe(3);
    expect(await look()).toBe(3);
    heap.bytes = 50 * megabyte + 16 * megabyte - 1;
    expect(await look()).toBe(3);
    heap.bytes += 1;
    expect(await look()).toBe(4);
  });

  it('runs twice after work, however little the first run freed', async () => {
    const { heap, look } = start();
    for (let collections = 0; collections < 4; collections += 2) {
      heap.busy = 0.9;
      expect(await look()).toBe(collections);
      heap.busy = 0.01;
      heap.bytes = 67 * megabyte;
      heap.living = 60 * megabyte;
      expect(await look()).toBe(collections + 1);
      heap.living = 50 * megabyte;
      expect(await look()).toBe(collections + 2);
      expect(await look()).toBe(collections + 2);
    }
  });

  it('stops permanently', async () => {
    const { time, look } = start();
    await look();
    await running?.stop();
    expect(time.waiting()).toBe(0);
  });
});

describe('the heap of a process', () => {
  it('is smaller after a collection, and exposes no function for it', () => {
    const heap = createProcessHeap();
    heap.collect();
    const before = heap.size();
    const kept = Array.from({ length: 1_000 }, () => Array.from({ length: 10_000 }, () => 0.5));
    const full = heap.size();
    expect(full - before).toBeGreaterThan(40 * megabyte);
    kept.length = 0;
    heap.collect();
    expect(full - heap.size()).toBeGreaterThan(40 * megabyte);
    expect(globalThis).not.toHaveProperty('gc');
  });

  it('the event loop utilization is measured', async () => {
    const heap = createProcessHeap();
    heap.utilization();
    const end = performance.now() + 50;
    while (performance.now() < end);
    await settle();
    expect(heap.utilization()).toBeGreaterThan(0.5);
  });
});
