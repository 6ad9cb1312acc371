import { describe, expect, it } from 'vitest';
import { withClient } from '../../support/database.ts';
import { metric } from '../../support/metrics.ts';
import { testNow } from '../../support/tokens.ts';
import { pusherApp, useUsher } from '../../support/usher.ts';
import { send, userRequest } from '../requests.ts';
import type { TestRequest } from '../requests.ts';
import { webhook, webhookBody } from '../webhook-requests.ts';
import type { WebhookRequest } from '../webhook-requests.ts';

const minutes = (count: number) => count * 60_000;
const own = 'private-tenant.1.user.15';
const chat = 'presence-tenant.1.escrow.42.chat';
const otherTenants = 'presence-tenant.2.escrow.42.chat';
const foreign = 'private-announcements';
const occupied = (channel: string) => ({ name: 'channel_occupied', channel });
const vacated = (channel: string) => ({ name: 'channel_vacated', channel });
const added = (user_id: unknown, channel = chat) => ({ name: 'member_added', channel, user_id });
const removed = (user_id: unknown, channel = chat) => ({
  name: 'member_removed',
  channel,
  user_id,
});
const clientEvent = (from: object, channel = chat) => ({
  name: 'client_event',
  channel,
  event: 'client-typing',
  data: '{"secret":"words"}',
  ...from,
});

/** A server for webhooks with distinct times, so that no two are the same. */
function useHooks(changes: Readonly<Record<string, string>> = {}) {
  const usher = useUsher(changes);
  let sent = 0;
  const sendWebhook = (events: readonly object[], sending?: WebhookRequest) => {
    sent += 1;
    return send(usher.public, webhook(webhookBody(usher.clock.now - sent, ...events), sending));
  };
  const metrics = async () =>
    (await send(usher.operator, { path: '/metrics', method: 'GET' })).text;
  const signals = async () => {
    const { rows } = await withClient(usher.database, (admin) =>
      admin.query<Record<string, unknown>>(
        'SELECT signal, tenant_id, principal_id, decision_id FROM security_events ORDER BY at, id',
      ),
    );
    return rows;
  };
  return { usher, sendWebhook, metrics, signals };
}

describe('a webhook', () => {
  const { usher, sendWebhook, metrics } = useHooks();
  const sent = (at: number, ...events: readonly object[]) =>
    send(usher.public, webhook(webhookBody(at, ...events)));

  it('is processed once; a repeated one gets the same response and is not counted', async () => {
    const at = testNow - 77_777;
    const before = metric(await metrics(), 'usher_client_events_total', 'tenant="1"') ?? 0;
    const first = await sent(at, clientEvent({ user_id: '15' }));
    expect([first.status, first.body]).toEqual([200, { status: 'taken' }]);
    const second = await sent(at, clientEvent({ user_id: '15' }));
    expect([second.status, second.body]).toEqual([200, { status: 'repeated' }]);
    expect(metric(await metrics(), 'usher_client_events_total', 'tenant="1"')).toBe(before + 1);
  });

  it('is a repetition in any spelling of its signature', async () => {
    const body = webhookBody(testNow - 66_666, occupied(own));
    const good = webhook(body);
    expect((await send(usher.public, good)).body).toEqual({ status: 'taken' });
    const headers = {
      ...good.headers,
      'x-pusher-signature': good.headers!['x-pusher-signature']!.toUpperCase(),
    };
    expect((await send(usher.public, { ...good, headers })).body).toEqual({ status: 'repeated' });
  });

  it.each([
    ['charset', { headers: { 'content-type': 'application/json; charset=utf-8' } }],
    ['additional headers', { headers: { 'x-other': '1', authorization: 'Bearer x' } }],
  ])('is accepted with %s', async (_case, sending) => {
    expect((await sendWebhook([occupied(own)], sending)).status).toBe(200);
  });

  it.each([
    ['five minutes old', -minutes(5), 200],
    ['more than five minutes old', -minutes(5) - 1, 401],
    ['five minutes ahead', minutes(5), 200],
    ['more than five minutes ahead', minutes(5) + 1, 401],
    ['from 1970', -testNow, 401],
  ])('that is %s: %i', async (_case, offset, status) => {
    expect((await sent(testNow + offset, occupied(own))).status).toBe(status);
  });

  it('cannot be repeated after the time window', async () => {
    const at = testNow + minutes(5);
    expect((await sent(at, vacated(own))).body).toEqual({ status: 'taken' });
    try {
      usher.clock.now = at + minutes(5);
      expect((await sent(at, vacated(own))).body).toEqual({ status: 'repeated' });
      usher.clock.now = at + minutes(5) + 1;
      expect((await sent(at, vacated(own))).status).toBe(401);
    } finally {
      usher.clock.now = testNow;
    }
  });

  const body = webhookBody(testNow, occupied(own));
  const good = webhook(body);
  const signature = good.headers!['x-pusher-signature']!;
  it.each<[string, TestRequest]>([
    ['no signature', webhook(body, { headers: { 'x-pusher-signature': undefined } })],
    ['an empty signature', webhook(body, { headers: { 'x-pusher-signature': '' } })],
    [
      'a truncated signature',
      webhook(body, { headers: { 'x-pusher-signature': signature.slice(1) } }),
    ],
    [
      'additional hexadecimal digits',
      webhook(body, { headers: { 'x-pusher-signature': `${signature}00` } }),
    ],
    [
      'additional characters',
      webhook(body, { headers: { 'x-pusher-signature': `${signature}zz` } }),
    ],
    ['two', webhook(body, { headers: { 'x-pusher-signature': `${signature}, ${signature}` } })],
    ['a signature with another secret', webhook(body, { secret: 'another' })],
    ['a signature of another body', { ...good, body: `${body} ` }],
    ['no key', webhook(body, { headers: { 'x-pusher-key': undefined } })],
    ['an unknown key', webhook(body, { key: 'unknown' })],
    ['a key of the object prototype', webhook(body, { key: 'constructor' })],
    ['no headers', { path: '/pusher/webhooks', headers: { 'content-type': 'application/json' } }],
  ])('is refused with %s', async (_case, request) => {
    const response = await send(usher.public, request);
    expect([response.status, response.body]).toMatchObject([401, { error: 'Unauthorized' }]);
  });

  it.each([
    ['invalid JSON', '{'],
    ['nothing', ''],
    ['bytes that are not UTF-8', '\ud800'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no time', '{"events":[]}'],
    ['a time as text', '{"time_ms":"1","events":[]}'],
    ['a time out of range', '{"time_ms":1e300,"events":[]}'],
    ['no events', `{"time_ms":${testNow}}`],
    ['an object as events', `{"time_ms":${testNow},"events":{}}`],
    ['null as an event', `{"time_ms":${testNow},"events":[null]}`],
    ['an event without a name', `{"time_ms":${testNow},"events":[{}]}`],
    ['an event without its channel', webhookBody(testNow, { name: 'channel_occupied' })],
    ['a channel that is not text', webhookBody(testNow, { name: 'client_event', channel: {} })],
    ['a member without an id', webhookBody(testNow, added(undefined))],
    ['a member whose id is an object', webhookBody(testNow, added({}))],
  ])('is malformed with %s', async (_case, text) => {
    const response = await send(usher.public, webhook(text));
    expect([response.status, response.body]).toMatchObject([400, { error: 'Bad Request' }]);
  });

  it.each([
    ['another type', { 'content-type': 'text/plain' }, 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ])('is not accepted as %s', async (_case, headers, status) => {
    expect((await send(usher.public, webhook(body, { headers }))).status).toBe(status);
  });

  it('may be large, but not over the limit', async () => {
    const large = webhookBody(testNow, { name: 'unknown', text: 'x'.repeat(1_000_000) });
    expect((await send(usher.public, webhook(large))).status).toBe(200);
    expect((await send(usher.public, webhook('x'.repeat(1_100_000)))).status).toBe(413);
  });

  it('does not affect the other routes', async () => {
    expect((await send(usher.public, userRequest())).status).toBe(200);
    const buffer = {
      ...userRequest(),
      headers: { 'content-type': 'application/json' },
      body: '{}',
    };
    expect((await send(usher.public, buffer)).status).toBe(400);
  });
});

describe('statistics of webhooks', () => {
  const { sendWebhook, metrics } = useHooks();
  const figures = async () => {
    const text = await metrics();
    const of = (tenant: string) => [
      metric(text, 'usher_occupied_channels', `tenant="${tenant}"`),
      metric(text, 'usher_presence_members', `tenant="${tenant}"`),
      metric(text, 'usher_client_events_total', `tenant="${tenant}"`),
    ];
    return { one: of('1'), two: of('2'), none: of('') };
  };

  it('are counted by tenant, without unknown channels', async () => {
    await sendWebhook([occupied(own), occupied(chat), added('15'), added(16), added('15')]);
    await sendWebhook([occupied(otherTenants), added('15', otherTenants), occupied(foreign)]);
    await sendWebhook([
      clientEvent({ user_id: '15' }),
      clientEvent({ socket_id: '1.2' }, own),
      clientEvent({}, foreign),
    ]);
    await sendWebhook([{ name: 'subscription_count', channel: own }, { name: 'cache_miss' }]);
    await sendWebhook([occupied('public'), occupied('private-made-up'), occupied('private-a:b')]);
    await sendWebhook([
      occupied(''),
      clientEvent({}, 'private-made-up'),
      added('15', 'presence-made-up'),
    ]);
    const seen = { one: [2, 2, 2], two: [1, 1, undefined], none: [1, 0, 1] };
    expect(await figures()).toEqual(seen);
    expect(await metrics()).not.toContain('made-up');

    await sendWebhook([
      removed('16'),
      vacated(own),
      vacated(otherTenants),
      vacated('private-made-up'),
    ]);
    expect(await figures()).toEqual({ ...seen, one: [1, 1, 2], two: [0, 0, undefined] });
    await sendWebhook([vacated(chat), removed('15'), removed('15')]);
    expect(await figures()).toMatchObject({ one: [0, 0, 2] });
  });
});

describe('messages above the limit', () => {
  const { usher, sendWebhook, signals } = useHooks({ RATE_LIMIT_MESSAGES: '3' });

  it('are a security event, once a minute for each user', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, () => clientEvent({ user_id: '15' }));
    await sendWebhook(many(3));
    await sendWebhook([clientEvent({ user_id: '16' }), clientEvent({ socket_id: '1.2' }, own)]);
    expect(await signals()).toEqual([]);
    await sendWebhook(many(5));
    const row = { signal: 'limit-exceeded', tenant_id: '1', principal_id: '15', decision_id: null };
    expect(await signals()).toEqual([row]);
    usher.clock.now += minutes(1);
    await sendWebhook(many(4));
    expect(await signals()).toEqual([row, row]);
    // Pusher names the user on presence channels only. The row is inserted later, so that its time determines the order.
    usher.clock.now += 1;
    await sendWebhook(Array.from({ length: 4 }, () => clientEvent({ socket_id: '1.3' }, own)));
    expect(await signals()).toEqual([row, row, { ...row, principal_id: null }]);
    // The row has the id of the host, and not the one that the server accepts.
    usher.clock.now += 1;
    await sendWebhook(Array.from({ length: 4 }, () => clientEvent({ user_id: '=;auth0=7C15' })));
    expect((await signals()).at(-1)).toEqual({ ...row, principal_id: 'auth0|15' });
  });
});

describe('forged webhooks', () => {
  const { sendWebhook, metrics, signals } = useHooks({ RATE_LIMIT_FAILURES: '2' });

  it('are logged as security events, counted, and limited; valid ones are not', async () => {
    const forged = { secret: 'another' };
    expect((await sendWebhook([], forged)).status).toBe(401);
    expect((await sendWebhook([], forged)).status).toBe(401);
    expect((await sendWebhook([], forged)).status).toBe(429);
    expect((await sendWebhook([occupied(own)])).status).toBe(200);
    const failed = 'authentication-failed';
    expect((await signals()).map(({ signal }) => signal).sort()).toEqual([
      ...[failed, failed, 'limit-exceeded'],
    ]);
    const text = await metrics();
    expect(metric(text, 'usher_webhooks_total', 'result="forged"')).toBe(3);
    expect(metric(text, 'usher_webhooks_total', 'result="taken"')).toBe(1);
  });
});

describe('a webhook while the database does not respond', () => {
  const { usher, metrics, signals } = useHooks({ RATE_LIMIT_MESSAGES: '2' });
  const rename = (from: string, to: string) =>
    withClient(usher.database, (client) => client.query(`ALTER TABLE ${from} RENAME TO ${to}`));
  const figures = async () => {
    const text = await metrics();
    return [
      metric(text, 'usher_client_events_total', 'tenant="1"') ?? 0,
      metric(text, 'usher_occupied_channels', 'tenant="1"') ?? 0,
    ];
  };

  it('is processed completely and once when it is sent again', async () => {
    const thrice = (user_id: string) => Array.from({ length: 3 }, () => clientEvent({ user_id }));
    const events = [occupied(own), ...thrice('15'), ...thrice('16'), occupied(chat)];
    const sending = webhook(webhookBody(testNow, ...events));
    await rename('security_events', 'elsewhere');
    try {
      for (let attempt = 0; attempt < 2; attempt += 1) {
        expect((await send(usher.public, sending)).status).toBe(503);
        expect(await figures()).toEqual([0, 0]);
      }
    } finally {
      await rename('elsewhere', 'security_events');
    }
    expect((await send(usher.public, sending)).body).toEqual({ status: 'taken' });
    expect((await send(usher.public, sending)).body).toEqual({ status: 'repeated' });
    expect(await figures()).toEqual([6, 2]);
    const exceeded = { signal: 'limit-exceeded', tenant_id: '1', decision_id: null };
    expect(
      (await signals()).sort((a, b) => Number(a['principal_id']) - Number(b['principal_id'])),
    ).toEqual([
      { ...exceeded, principal_id: '15' },
      { ...exceeded, principal_id: '16' },
    ]);
  });

  it('that is sent twice concurrently is processed once', async () => {
    const before = await figures();
    const sending = webhook(webhookBody(testNow - 1, clientEvent({ user_id: '17' })));
    const responses = await Promise.all(
      Array.from({ length: 8 }, () => send(usher.public, sending)),
    );
    expect(responses.filter(({ text }) => text === '{"status":"taken"}')).toHaveLength(1);
    for (const { status } of responses) expect([200, 503]).toContain(status);
    expect(await figures()).toEqual([before[0]! + 1, before[1]]);
  });
});

describe('the metrics', () => {
  const { usher, metrics } = useHooks();

  it('count decisions and measure their duration', async () => {
    expect((await send(usher.public, userRequest())).status).toBe(200);
    await send(usher.public, userRequest({ fields: { channel_name: 'private-tenant.1.user.16' } }));
    await send(usher.public, userRequest({ fields: { channel_name: 'private-nothing' } }));
    const text = await metrics();
    const family = 'family="private-tenant.{tenantId}.user.{userId}"';
    const count = (labels: string) => metric(text, 'usher_decisions_total', labels);
    expect(count(`${family},outcome="grant",code="",check=""`)).toBe(1);
    const other = 'code="not-allowed",check="channel is the user’s own"';
    expect(count(`${family},outcome="refusal",${other}`)).toBe(1);
    expect(count('family="",outcome="refusal",code="unknown-channel",check=""')).toBe(1);
    expect(metric(text, 'usher_decision_duration_seconds_count', 'action="subscribe"')).toBe(3);
    expect(metric(text, 'process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(text).not.toContain(pusherApp.secret);
  });

  it('are available on the operator’s port only', async () => {
    const request = { path: '/metrics', method: 'GET' };
    expect((await send(usher.public, request)).status).toBe(404);
    const response = await send(usher.operator, request);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  });
});
