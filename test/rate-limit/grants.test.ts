import { describe, expect, it } from 'vitest';
import { authorizeChannel } from '../../src/authorize/authorize-channel.ts';
import { createGrantRateLimit, type RateLimitGrantDeps } from '../../src/rate-limit/grants.ts';
import { createMemoryLimits } from '../../src/rate-limit/memory-limits.ts';
import { user } from '../policies/principals.ts';
import { createTestClock } from '../support/test-clock.ts';
import { testNow } from '../support/tokens.ts';
import { request, verdict, recordingDeps, type Changes } from '../authorize/authorizing.ts';

/** Requests a channel under real limits: one per second after the first sixty, and three channels per connection. */
function setUp(changes: Changes = {}, limited: Partial<RateLimitGrantDeps> = {}) {
  const time = createTestClock(testNow);
  const closing = new AbortController();
  const reported: string[] = [];
  const rateLimitGrant = createGrantRateLimit({
    limits: createMemoryLimits(time.clock.now),
    authorizations: 60,
    subscriptions: 3,
    startTimer: time.clock.startTimer,
    closing: closing.signal,
    reportLimitExceeded: (limit) => {
      reported.push(limit);
      return Promise.resolve();
    },
    ...limited,
  });
  const state = { revokedAt: undefined as number | undefined, id: '15' };
  const { deps, recorded } = recordingDeps({
    rateLimitGrant,
    identify: () => Promise.resolve({ principal: user(state.id, { issuedAt: testNow }) }),
    revocations: { latest: () => Promise.resolve(state.revokedAt) },
    ...changes,
  });
  const requestChannel = (changes = {}) => authorizeChannel(request(changes), deps);
  const requestMany = async (count: number) => {
    for (let i = 0; i < count; i += 1) expect(verdict(await requestChannel())).toBe('grant');
  };
  return { time, closing, reported, recorded, state, requestChannel, requestMany };
}

const noChannel = { channelName: 'private-tenant.1.user.16' };

describe('a grant over the limit of its principal', () => {
  it('is delayed if the delay is short, in order, and refused otherwise', async () => {
    const { time, requestChannel, requestMany, reported, recorded } = setUp();
    await requestMany(60);
    const left: number[] = [];
    const pending = [1, 2].map((n) => requestChannel().finally(() => left.push(n)));
    const refused = await requestChannel();
    expect(refused).toMatchObject({ code: 'too-many-authorizations', retryAfterMs: 3_000 });
    expect(refused.checks.at(-1)).toEqual({
      name: 'authorizations of the principal are within the limit',
      passed: false,
      code: 'too-many-authorizations',
    });
    expect(recorded.at(-1)).toBe(refused);
    expect(reported).toEqual(['authorizations']);
    expect(time.waiting()).toBe(2);
    time.advance(999);
    expect(time.waiting()).toBe(2);
    time.advance(1);
    expect(verdict(await pending[0]!)).toBe('grant');
    expect(left).toEqual([1]);
    time.advance(1_000);
    expect(verdict(await pending[1]!)).toBe('grant');
  });

  it('is refused if it was revoked during the delay', async () => {
    const { time, requestChannel, requestMany, state } = setUp();
    await requestMany(60);
    const pending = requestChannel();
    await new Promise(setImmediate);
    state.revokedAt = testNow + 1;
    time.advance(1_000);
    expect(verdict(await pending)).toBe('revoked');
  });

  it('is no longer delayed when Usher closes, and no further delay begins', async () => {
    const { time, requestChannel, requestMany, closing } = setUp();
    await requestMany(60);
    const pending = requestChannel();
    await new Promise(setImmediate);
    closing.abort();
    expect(verdict(await pending)).toBe('grant');
    expect(time.waiting()).toBe(0);
    expect(verdict(await requestChannel())).toBe('too-many-authorizations');
  });

  it('does not affect other principals, and refusals do not count', async () => {
    const { requestChannel, requestMany, state, reported } = setUp();
    for (let i = 0; i < 100; i += 1)
      expect(verdict(await requestChannel(noChannel))).toBe('not-allowed');
    await requestMany(60);
    state.id = '16';
    expect(verdict(await requestChannel({ channelName: 'private-tenant.1.user.16' }))).toBe(
      'grant',
    );
    expect(reported).toEqual([]);
  });
});

describe('a grant over the channel limit of a connection', () => {
  const names = ['private-tenant.1.escrow.42', 'private-tenant.1.user.15', 'private-announcements'];
  const another = 'private-tenant.1.announcements';

  it('is refused, however often the other channels were requested, and not on another connection', async () => {
    const { requestChannel, reported } = setUp();
    for (const channelName of [...names, ...names]) {
      expect(verdict(await requestChannel({ channelName }))).toBe('grant');
    }
    const refused = await requestChannel({ channelName: another });
    expect(refused).toMatchObject({ code: 'too-many-subscriptions', retryAfterMs: 20_000 });
    expect(refused.checks.at(-1)).toMatchObject({
      name: 'different channels of the connection are within the limit',
    });
    expect(reported).toEqual(['subscriptions']);
    expect(verdict(await requestChannel({ channelName: names[0] }))).toBe('grant');
    expect(verdict(await requestChannel({ channelName: another, socketId: '1.3' }))).toBe('grant');
  });

  it('does not include refused channels, or another principal with the same socket id', async () => {
    const { requestChannel, state } = setUp();
    for (let i = 16; i < 26; i += 1) {
      expect(verdict(await requestChannel({ channelName: `private-tenant.1.user.${i}` }))).toBe(
        'not-allowed',
      );
    }
    state.id = '16';
    for (const channelName of [names[0], names[2], another]) {
      expect(verdict(await requestChannel({ channelName }))).toBe('grant');
    }
    state.id = '15';
    for (const channelName of names)
      expect(verdict(await requestChannel({ channelName }))).toBe('grant');
  });

  it('consumes no authorization of its principal', async () => {
    const { requestChannel, time } = setUp();
    for (const channelName of names) await requestChannel({ channelName });
    for (let i = 0; i < 100; i += 1) {
      expect(verdict(await requestChannel({ channelName: another }))).toBe(
        'too-many-subscriptions',
      );
    }
    expect(verdict(await requestChannel())).toBe('grant');
    expect(time.waiting()).toBe(0);
  });
});

describe('a page that subscribes to many channels in sequence on one connection', () => {
  const names = Array.from({ length: 100 }, (_, i) => `private-tenant.1.escrow.${i}`);
  const open = () => {
    const { time, requestChannel, ...rest } = setUp({}, { authorizations: 600, subscriptions: 20 });
    return {
      time,
      ...rest,
      requestChannel: (channelName: string) => requestChannel({ channelName }),
    };
  };

  it('is never refused, however many channels it has left, and waits at most 3 s', async () => {
    const { time, requestChannel } = open();
    const waits: number[] = [];
    for (const name of names) {
      const since = time.now;
      const pending = requestChannel(name);
      await new Promise(setImmediate);
      if (time.waiting() > 0) time.advance(3_000);
      expect(verdict(await pending)).toBe('grant');
      waits.push(time.now - since);
    }
    expect(waits).toEqual(names.map((_, i) => (i < 20 ? 0 : 3_000)));
  });

  it('does not count a channel again within a minute', async () => {
    const { time, requestChannel } = open();
    for (let round = 0; round < 5; round += 1) {
      for (const name of names.slice(0, 20))
        expect(verdict(await requestChannel(name))).toBe('grant');
      time.now += 59_999;
    }
    expect(time.waiting()).toBe(0);
  });

  it('gets a correct Retry-After if it requests too many channels at once', async () => {
    const { time, requestChannel } = open();
    const pending = names.slice(0, 22).map(requestChannel);
    expect(await pending[21]).toMatchObject({
      code: 'too-many-subscriptions',
      retryAfterMs: 6_000,
    });
    time.advance(6_000);
    expect(verdict(await requestChannel(names[21]!))).toBe('grant');
    expect(time.waiting()).toBe(0);
  });
});

describe('a decision that is evaluated again because data changed meanwhile', () => {
  /** Dependencies whose audit log rejects the first decision by cached values. */
  const changedOnce = (count: { records: number }): Changes => ({
    cache: {
      version: 1,
      find: recordingDeps().deps.find,
      revocations: { latest: () => Promise.resolve(undefined) },
    },
    writeDecision: (_decision, _origin, asOf) => {
      count.records += 1;
      return Promise.resolve(asOf === undefined);
    },
  });

  it('is counted once against the limit of its principal', async () => {
    const count = { records: 0 };
    const { requestChannel, time } = setUp(changedOnce(count), {
      authorizations: 3,
      subscriptions: 100,
    });
    for (let i = 0; i < 3; i += 1) expect(verdict(await requestChannel())).toBe('grant');
    expect(count.records).toBe(6);
    expect(time.waiting()).toBe(0);
    expect(verdict(await requestChannel())).toBe('too-many-authorizations');
  });

  it('is reported once if it exceeds the limit, and keeps its Retry-After', async () => {
    const { requestChannel, reported } = setUp(changedOnce({ records: 0 }), { authorizations: 1 });
    await requestChannel();
    const refused = await requestChannel();
    expect(refused).toMatchObject({ code: 'too-many-authorizations', retryAfterMs: 60_000 });
    expect(refused.checks.filter(({ passed }) => !passed)).toHaveLength(1);
    expect(reported).toEqual(['authorizations']);
  });

  it('waits once, although it is evaluated three times', async () => {
    const { requestChannel, time } = setUp(changedOnce({ records: 0 }), { authorizations: 60 });
    for (let i = 0; i < 60; i += 1) await requestChannel();
    const pending = requestChannel();
    await new Promise(setImmediate);
    time.advance(1_000);
    expect(verdict(await pending)).toBe('grant');
    expect(time.waiting()).toBe(0);
  });
});
