import { createMeasure } from '../../../src/observability/metrics/decision-metrics.ts';
import { createNoPeers } from '../../../src/workers/peers.ts';
import { describe, expect, it } from 'vitest';
import { createChannelStats } from '../../../src/observability/metrics/channel-stats.ts';
import { createMetrics } from '../../../src/observability/metrics/metrics.ts';
import { createFixedWindow } from '../../../src/rate-limit/fixed-window.ts';
import { metric } from '../../support/metrics.ts';

const place = { appKey: 'key', tenantId: '1' };
const chat = 'presence-tenant.1.escrow.42.chat';

function figuresOf(maxMessages = 30) {
  const clock = { now: 0 };
  const figures = createChannelStats({
    maxMessages,
    onMessage: () => undefined,
    now: () => clock.now,
  });
  return { ...figures, clock };
}

describe('occupancy', () => {
  it('is correct in any order of the events of a channel and of its members', () => {
    const { count, occupancy } = figuresOf();
    count({ name: 'member_added', channel: chat, userId: '15' }, place);
    count({ name: 'channel_occupied', channel: chat }, place);
    expect(occupancy().get('1')).toEqual({ channels: 1, members: 1 });
    count({ name: 'channel_vacated', channel: chat }, place);
    count({ name: 'member_removed', channel: chat, userId: '15' }, place);
    expect(occupancy().get('1')).toBeUndefined();
  });

  it('distinguishes channels with the same name in two apps', () => {
    const { count, occupancy } = figuresOf();
    const event = { name: 'channel_occupied', channel: 'private-announcements' } as const;
    count(event, { appKey: 'one' });
    count(event, { appKey: 'two' });
    expect(occupancy().get(undefined)).toEqual({ channels: 2, members: 0 });
  });

  it('is limited to a number of members and channels', () => {
    const { count, occupancy } = figuresOf();
    for (let i = 0; i < 200; i += 1) {
      count({ name: 'member_added', channel: chat, userId: String(i) }, place);
    }
    expect(occupancy().get('1')?.members).toBe(100);
    for (let i = 0; i < 100_010; i += 1) {
      count({ name: 'channel_occupied', channel: `private-tenant.1.user.${i}` }, place);
    }
    expect(occupancy().get('1')?.channels).toBe(100_000);
    count({ name: 'channel_vacated', channel: chat }, place);
    count({ name: 'channel_occupied', channel: 'private-tenant.1.user.new' }, place);
    expect(occupancy().get('1')).toEqual({ channels: 100_000, members: 0 });
  });
});

describe('messages', () => {
  it('exceed the limit once a minute and sender, where users and connections are different senders', () => {
    const { exceeds, clock } = figuresOf(2);
    const say = (from: object) => exceeds({ name: 'client_event', channel: chat, ...from }, place);
    const times = (n: number, from: object) => Array.from({ length: n }, () => say(from));
    expect(times(4, { userId: '15' })).toEqual([false, false, true, false]);
    expect(times(2, { socketId: '15' })).toEqual([false, false]);
    clock.now = 59_999;
    expect(say({ userId: '15' })).toBe(false);
    clock.now = 60_000;
    expect(times(3, { userId: '15' })).toEqual([false, false, true]);
  });

  it.each([
    ['is reported again if the first report was not written', false, [false, true]],
    ['is not reported again if the first report was written', true, [false, false]],
  ])('that were undone and repeated: the third %s', (_case, isWritten, expected) => {
    const { exceeds, undo } = figuresOf(2);
    const event = { name: 'client_event', channel: chat, userId: '15' } as const;
    const say = () => exceeds(event, place);
    expect([say(), say(), say()]).toEqual([false, false, true]);
    undo(event, place, isWritten);
    undo(event, place, true);
    expect([say(), say()]).toEqual(expected);
  });

  it('are counted for a limited number of senders', () => {
    const windows = createFixedWindow(1);
    for (let i = 0; i < 100_001; i += 1) windows.exceeds(String(i), 0);
    expect(windows.exceeds('100000', 0)).toBe(true);
    expect(windows.exceeds('0', 0)).toBe(false);
  });
});

describe('labels of tenants', () => {
  it('have at most a thousand values, and then other', async () => {
    const metrics = createMetrics(createNoPeers());
    for (let i = 0; i < 1_200; i += 1) metrics.countMessage(`t${i}`);
    metrics.countMessage(undefined);
    metrics.countMessage('t999');
    const { text } = await metrics.read();
    const count = (tenant: string) =>
      metric(text, 'usher_client_events_total', `tenant="${tenant}"`);
    expect([count('t0'), count('t999'), count('t1000')]).toEqual([1, 2, undefined]);
    expect([count('other'), count('')]).toEqual([200, 1]);
  });
});

describe('the duration of a response', () => {
  it('is also measured without a response', async () => {
    const metrics = createMetrics(createNoPeers());
    const measure = createMeasure(metrics.decisions, { countDuration: () => undefined });
    const yes = measure('sign-in', () => Promise.resolve('yes'));
    expect(await yes).toBe('yes');
    const no = measure('sign-in', () => Promise.reject(new Error('no')));
    await expect(no).rejects.toThrow('no');
    const { text } = await metrics.read();
    expect(metric(text, 'usher_decision_duration_seconds_count', 'action="sign-in"')).toBe(2);
  });
});
