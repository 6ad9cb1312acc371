import { expect, it } from 'vitest';
import { createReadLastHour, mergeHours } from '../../../src/observability/metrics/hour-stats.ts';
import { createLastHour, Latencies } from '../../../src/observability/metrics/last-hour.ts';
import { createMeasure } from '../../../src/observability/metrics/decision-metrics.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { createNoPeers } from '../../../src/workers/peers.ts';
import { createWorkerPeers } from '../../support/worker-peers.ts';

const minute = 60_000;

function startHour(start = 1_000 * minute + 5) {
  const clock = { now: start };
  const counted = createLastHour(() => clock.now);
  return { clock, hour: { ...counted, read: () => mergeHours([counted.read()]) } };
}

const refusal = { outcome: 'refusal', failedCheck: 'own', family: 'private-{id}' } as const;
const grant = { outcome: 'grant', failedCheck: undefined, family: 'private-{id}' } as const;

it('counts the decisions of each minute, and drops them after an hour', () => {
  const { clock, hour } = startHour();
  hour.countDecision(grant);
  hour.countDecision(refusal);
  clock.now += minute;
  hour.countDecision(refusal);
  hour.countUnwritten();
  hour.countLimitExceeded('failures');
  const { minutes, refusals, limits, channels } = hour.read();
  expect(minutes).toHaveLength(60);
  expect(minutes.map(({ at }) => at - (minutes[0]?.at ?? 0))).toEqual(
    Array.from({ length: 60 }, (_, i) => i * minute),
  );
  expect(minutes.slice(-2)).toMatchObject([
    { at: 1_000 * minute, granted: 1, refused: 1 },
    { at: 1_001 * minute, granted: 0, refused: 2 },
  ]);
  expect([[...refusals], [...limits]]).toEqual([[['own', 2]], [['failures', 1]]]);
  expect([...channels]).toEqual([['private-{id}', { granted: 1, refused: 2 }]]);
  clock.now += 59 * minute;
  expect([...hour.read().refusals]).toEqual([['own', 1]]);
  clock.now += minute;
  const later = hour.read();
  expect([...later.refusals, ...later.limits, ...later.channels]).toEqual([]);
  expect(later.minutes.every(({ granted, refused }) => granted + refused === 0)).toBe(true);
});

it('does not keep the numbers of the previous hour in the ring buffer', () => {
  const { clock, hour } = startHour();
  hour.countDecision(refusal);
  clock.now += 60 * minute;
  expect(hour.read().minutes.at(-1)).toMatchObject({ refused: 0 });
  hour.countDecision(grant);
  expect(hour.read().minutes.at(-1)).toMatchObject({ granted: 1, refused: 0 });
  expect([...hour.read().refusals]).toEqual([]);
});

it('limits the number of names', () => {
  const { hour } = startHour();
  for (let i = 0; i < 5_000; i += 1) hour.countDecision({ ...refusal, failedCheck: `check ${i}` });
  expect(hour.read().refusals.size).toBe(1_000);
  expect(hour.read().minutes.at(-1)?.refused).toBe(5_000);
});

it('measures use cases, and counts those without a decision', async () => {
  const { hour } = startHour();
  expect(hour.read().minutes.at(-1)).toMatchObject({ unavailable: 0 });
  expect(hour.read().minutes.at(-1)?.p50).toBeUndefined();
  const measure = createMeasure({ countDuration: () => undefined }, hour);
  expect(await measure('subscribe', () => Promise.resolve('done'))).toBe('done');
  const outage = new Unavailable('PostgreSQL');
  await expect(measure('subscribe', () => Promise.reject(outage))).rejects.toBe(outage);
  const fault = new Error('fault');
  await expect(measure('subscribe', () => Promise.reject(fault))).rejects.toBe(fault);
  const last = hour.read().minutes.at(-1);
  expect(last).toMatchObject({ unavailable: 1, p50: expect.any(Number) as unknown });
});

it.each([0.01, 0.1, 1, 3.3, 47, 900, 30_000])('returns quantiles of %d ms within 12 %%', (ms) => {
  const latencies = new Latencies();
  for (let i = 1; i <= 100; i += 1) latencies.add(i <= 90 ? ms : ms * 4);
  const expectNear = (found: number | undefined, exact: number) => {
    const floor = Math.max(exact, 0.1);
    expect(found).toBeGreaterThanOrEqual(floor * 0.995);
    expect(found).toBeLessThanOrEqual(floor * 1.13);
  };
  expectNear(latencies.quantile(0.5), ms);
  expectNear(latencies.quantile(0.9), ms);
  expectNear(latencies.quantile(0.95), ms * 4);
  latencies.clear();
  expect(latencies.quantile(0.5)).toBeUndefined();
});

it('accepts any duration', () => {
  const latencies = new Latencies();
  for (const ms of [0, 1e-9, 1e12]) latencies.add(ms);
  expect(latencies.quantile(0.01)).toBe(0.1);
  expect(latencies.quantile(1)).toBeGreaterThan(120_000);
});

it('adds the statistics of all workers, whichever receives the request', async () => {
  const clock = { now: 1_000 * minute };
  const hours = [1, 2, 3].map(() => createLastHour(() => clock.now));
  const reads = createWorkerPeers(3).map((peers, i) =>
    createReadLastHour(() => hours[i]!.read(), peers),
  );
  const [first, second, third] = hours;
  for (let i = 0; i < 98; i += 1) first!.countDuration(1);
  for (let i = 0; i < 2; i += 1) second!.countDuration(1_000);
  first!.countDecision(grant);
  second!.countDecision(refusal);
  third!.countDecision(refusal);
  third!.countLimitExceeded('failures');
  for (const read of reads) {
    const { minutes, refusals, limits, channels } = await read();
    expect(minutes).toHaveLength(60);
    expect(minutes.at(-1)).toMatchObject({ granted: 1, refused: 2, unavailable: 0 });
    // A mean of the percentiles of two workers would be 500 ms.
    const { p50 = NaN, p95 = NaN, p99 = NaN } = minutes.at(-1) ?? {};
    expect([p50 < 1.2, p95 < 1.2, p99 >= 1_000]).toEqual([true, true, true]);
    expect([[...refusals], [...limits]]).toEqual([[['own', 2]], [['failures', 1]]]);
    expect([...channels]).toEqual([['private-{id}', { granted: 1, refused: 2 }]]);
  }
});

it('adds a minute that only one process has counted', async () => {
  const clocks = [{ now: 1_000 * minute }, { now: 1_001 * minute }];
  const [before, after] = clocks.map((clock) => createLastHour(() => clock.now));
  before!.countDecision(grant);
  after!.countDecision(refusal);
  const { minutes } = mergeHours([before!.read(), after!.read()]);
  expect(minutes).toHaveLength(60);
  expect(minutes.slice(-2)).toMatchObject([
    { at: 1_000 * minute, granted: 1, refused: 0 },
    { at: 1_001 * minute, granted: 0, refused: 1 },
  ]);
  const alone = createReadLastHour(() => after!.read(), createNoPeers());
  expect((await alone()).minutes.at(-1)).toMatchObject({ refused: 1 });
});
