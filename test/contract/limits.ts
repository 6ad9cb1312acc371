import { expect, it } from 'vitest';
import type { LimitRequest, Limits } from '../../src/rate-limit/limits.ts';

let keys = 0;

/** A request of a key that no other test uses: three at once, then one every twenty seconds. */
export function newRate(changes: Partial<LimitRequest> = {}): LimitRequest {
  keys += 1;
  return { limit: 'authorizations', key: `key ${keys}`, perMinute: 3, ...changes };
}

/** A request for dedupe key `a` of a connection, of a key that no other test uses: two at once, then one every 30 seconds. */
export function newThing(changes: Partial<LimitRequest> = {}): LimitRequest {
  keys += 1;
  const key = `key ${keys}`;
  return { limit: 'subscriptions', key, part: '1.1', perMinute: 2, dedupeKey: 'a', ...changes };
}

/** Tests of every implementation of `Limits`; `time` is its clock, which only the test advances. */
export function limitsContract(limits: () => Limits, time: { now: number }): void {
  const take = (...claims: readonly LimitRequest[]) => limits().consume(claims);
  const taken = { waitMs: 0 };

  it('allows a burst of the limit, and then the limit per minute', async () => {
    const rate = newRate();
    for (let i = 0; i < 3; i += 1) expect(await take(rate)).toEqual(taken);
    const excess = { exceeded: 'authorizations', retryAfterMs: 20_000 };
    expect(await take(rate)).toEqual(excess);
    time.now += 19_999;
    expect(await take(rate)).toMatchObject({ retryAfterMs: 1 });
    time.now += 1;
    expect(await take(rate)).toEqual(taken);
    expect(await take(rate)).toEqual(excess);
    time.now += 60_000;
    for (let i = 0; i < 3; i += 1) expect(await take(rate)).toEqual(taken);
    expect(await take(rate)).toEqual(excess);
  });

  it.each([1, 7, 29, 600])('allows all of %s a minute, despite rounding', async (n) => {
    const rate = newRate({ perMinute: n });
    for (let i = 0; i < n; i += 1) expect(await take(rate)).toEqual(taken);
    const over = await take(rate);
    expect(over).toEqual({ exceeded: rate.limit, retryAfterMs: Math.floor(60_000 / n) });
  });

  it('allows concurrent requests up to the limit, and no more', async () => {
    const rate = newRate();
    const responses = await Promise.all(Array.from({ length: 20 }, () => take(rate)));
    expect(responses.filter((each) => !('exceeded' in each))).toHaveLength(3);
  });

  it('returns a separate delay for each request', async () => {
    const rate = newRate({ maxWaitMs: 40_000 });
    for (let i = 0; i < 3; i += 1) await take(rate);
    expect(await take(rate)).toEqual({ waitMs: 20_000 });
    expect(await take(rate)).toEqual({ waitMs: 40_000 });
    expect(await take(rate)).toEqual({ exceeded: rate.limit, retryAfterMs: 60_000 });
    expect(await take({ ...rate, maxWaitMs: 0 })).toMatchObject({ exceeded: rate.limit });
    time.now += 20_000;
    expect(await take(rate)).toEqual({ waitMs: 40_000 });
  });

  it('refunds at most the consumed units', async () => {
    const rate = newRate();
    for (let i = 0; i < 3; i += 1) await take(rate);
    await limits().refund(rate);
    expect(await take(rate)).toEqual(taken);
    expect(await take(rate)).toMatchObject({ exceeded: rate.limit });
    for (let i = 0; i < 5; i += 1) await limits().refund(rate);
    for (let i = 0; i < 3; i += 1) expect(await take(rate)).toEqual(taken);
    expect(await take(rate)).toMatchObject({ exceeded: rate.limit });
  });

  it('delays no request after the clock was set back', async () => {
    const rate = newRate();
    for (let i = 0; i < 3; i += 1) await take(rate);
    time.now -= 3_600_000;
    expect(await take(rate)).toEqual({ exceeded: rate.limit, retryAfterMs: 20_000 });
  });

  it('separates keys and limits, whatever the text of a key', async () => {
    for (const key of ['', '__proto__', 'a b', '\u0000', '👩‍🚀', '}', '{}', 'a}b{c', '%7D']) {
      const rate = newRate({ key, perMinute: 1 });
      expect(await take(rate)).toEqual(taken);
      expect(await take(rate)).toMatchObject({ exceeded: rate.limit });
      expect(await take({ ...rate, limit: 'failures' })).toEqual(taken);
      const claim = newThing({ key, perMinute: 1 });
      expect(await take({ ...rate, limit: 'messages' }, claim)).toEqual(taken);
      expect(await take({ ...claim, dedupeKey: 'b' })).toMatchObject({ exceeded: claim.limit });
      expect(await take({ ...claim, dedupeKey: 'b', part: '1.2' })).toEqual(taken);
    }
  });

  it('counts each dedupe key once a minute', async () => {
    const a = newThing();
    const [b, c] = [
      { ...a, dedupeKey: 'b' },
      { ...a, dedupeKey: 'c' },
    ];
    for (const each of [a, a, b, a]) expect(await take(each)).toEqual(taken);
    expect(await take(c)).toEqual({ exceeded: 'subscriptions', retryAfterMs: 30_000 });
    expect(await take(b)).toEqual(taken);
    time.now += 29_999;
    expect(await take(c)).toMatchObject({ retryAfterMs: 1 });
    time.now += 1;
    expect(await take(c)).toEqual(taken);
    for (const each of [a, b, c]) expect(await take(each)).toEqual(taken);
    time.now += 60_000;
    for (const each of [a, b]) expect(await take(each)).toEqual(taken);
    expect(await take(c)).toMatchObject({ exceeded: 'subscriptions' });
  });

  it('consumes all units or none', async () => {
    const rate = newRate({ perMinute: 2 });
    const thing = newThing({ key: rate.key, perMinute: 1 });
    expect(await take(rate, thing)).toEqual(taken);
    expect(await take(rate, { ...thing, dedupeKey: 'b' })).toMatchObject({
      exceeded: 'subscriptions',
    });
    expect(await take(rate)).toEqual(taken);
    const another = { ...thing, part: '2.2' };
    expect(await take(rate, another)).toMatchObject({ exceeded: 'authorizations' });
    expect(await take({ ...another, dedupeKey: 'b' })).toEqual(taken);
  });

  it('does not consume a unit for a known dedupe key, and consumes all others', async () => {
    const rate = newRate({ perMinute: 2 });
    const thing = newThing({ key: rate.key, perMinute: 1 });
    for (let i = 0; i < 2; i += 1) expect(await take(rate, thing)).toEqual(taken);
    expect(await take(rate, thing)).toMatchObject({ exceeded: 'authorizations' });
  });
}
