import { describe, expect, it, vi } from 'vitest';
import { withClient } from '../../support/database.ts';
import { startUsher, useUsher, userToken } from '../../support/usher.ts';
import { openClient } from '../../support/web-socket.ts';
import { ticketMessage } from '../../websocket/test-endpoint.ts';
import { withoutDatabase } from '../openapi/fixture.ts';
import { send, userRequest } from '../requests.ts';
import { getTicket, issueBody, ticketEnvironment } from '../ticket-requests.ts';

const waiting = { timeout: 60_000 };

const markup = '<img src=x onerror=alert(1)>"\'&</script>';

interface Statistics {
  readonly minutes: readonly {
    readonly at: string;
    readonly granted: number;
    readonly refused: number;
    readonly latency_ms?: Readonly<Record<string, number>>;
  }[];
  readonly refusals: readonly object[];
  readonly limits: readonly object[];
  readonly web_sockets: number;
  readonly tracked?: readonly object[];
}

interface Channels {
  readonly channels: readonly Readonly<Record<string, unknown>>[];
}

type Facts = Readonly<Record<string, readonly object[]>>;

interface Connections {
  readonly total: number;
  readonly connections: readonly Readonly<Record<string, unknown>>[];
}

const read = async <Body>(usher: { readonly operator: string }, path: string): Promise<Body> => {
  const { status, headers, body } = await send(usher.operator, { method: 'GET', path });
  expect([path, status]).toEqual([path, 200]);
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  return body as Body;
};

describe('the statistics of the last hour', () => {
  const usher = useUsher();
  const enter = (channel: string) =>
    send(usher.public, userRequest({ fields: { channel_name: channel } }));

  it('count decisions by minute, check, limit and channel', async () => {
    await enter('private-tenant.1.user.15');
    for (const id of ['16', '17']) await enter(`private-tenant.1.user.${id}`);
    await enter(`private-${markup}`);
    usher.clock.now += 60_000;
    for (const id of ['1', '2', '3']) await enter(`private-tenant.1.user.15${id}`);
    await enter('private-tenant.1.user.15');
    const { minutes, refusals, web_sockets } = await read<Statistics>(usher, '/statistics');
    expect(minutes).toHaveLength(60);
    const [before, now] = minutes.slice(-2);
    expect(before).toMatchObject({ granted: 1, refused: 3, unavailable: 0 });
    expect(now).toMatchObject({ granted: 1, refused: 3 });
    expect(Date.parse(now?.at ?? '') - Date.parse(before?.at ?? '')).toBe(60_000);
    const { p50 = NaN, p95 = NaN, p99 = NaN } = now?.latency_ms ?? {};
    expect(p50 > 0 && p50 <= p95 && p95 <= p99).toBe(true);
    expect(minutes[0]).not.toHaveProperty('latency_ms');
    expect(refusals[0]).toEqual({ check: 'channel is the user’s own', count: 5 });
    expect(web_sockets).toBe(0);
    const { channels } = await read<Channels>(usher, '/channels');
    expect(
      channels.find((each) => each['family'] === 'private-tenant.{tenantId}.user.{userId}'),
    ).toMatchObject({
      tenant: 'tenantId',
      application_decides: false,
      last_hour: { granted: 2, refused: 5 },
      checks: { user: expect.arrayContaining(['channel is the user’s own']) as unknown },
    });
    const names = channels.flatMap((each) => Object.values(each['facts'] as Facts).flat());
    expect(names).toContainEqual({ name: expect.any(String) as unknown, optional: false });
  });

  it('count tracked connections that have not expired, by app', async () => {
    await withClient(usher.database.reveal(), async (client) => {
      for (const [socket, user, until] of [
        ['1.1', 'a', '2100-01-01'],
        ['1.1', 'b', '2100-01-01'],
        ['1.2', 'a', '2001-01-01'],
      ]) {
        await client.query(
          `INSERT INTO usher.live_grants (app_key, socket_id, user_id, principal, subjects,
             expires_at, granted_at, due_at) VALUES ($1, $2, $3, '[]', '{}', $4, now(), now())`,
          [markup, socket, user, until],
        );
      }
    });
    const { tracked } = await read<Statistics>(usher, '/statistics');
    expect(tracked).toContainEqual({ app_key: markup, count: 1 });
  });
});

describe('the statistics of a client over its limit', () => {
  const usher = useUsher({ RATE_LIMIT_FAILURES: '2' });

  it('count its refusals without a row, and the limit', async () => {
    const refused = userRequest({ headers: { authorization: undefined } });
    for (let i = 0; i < 5; i += 1) await send(usher.public, refused);
    const { minutes, limits } = await read<Statistics>(usher, '/statistics');
    expect(limits).toEqual([{ limit: 'failures', count: 3 }]);
    expect(minutes.at(-1)).toMatchObject({ granted: 0, refused: 5 });
  });
});

it('the statistics are available without the database, and name the missing parts', async () => {
  const usher = await startUsher();
  try {
    await withoutDatabase(usher, async () => {
      const { status } = await send(usher.public, userRequest());
      expect(status).toBe(503);
      const { minutes, tracked } = await read<Statistics>(usher, '/statistics');
      expect(minutes.at(-1)).toMatchObject({ granted: 0, refused: 0, unavailable: 1 });
      expect(tracked).toBeUndefined();
    });
  } finally {
    await usher.stop();
  }
});

describe('GET /connections', () => {
  const usher = useUsher(ticketEnvironment);

  it('lists open WebSockets with their principal as data, and never a credential', async () => {
    const bearer = userToken({ sub: markup });
    const ticket = await getTicket(
      usher.public,
      { ...issueBody, userId: undefined },
      { authorization: `Bearer ${bearer}` },
    );
    const client = await openClient(usher.public, '/ws');
    client.socket.send(ticketMessage(ticket));
    expect(await client.nextJson()).toMatchObject({ type: 'authentication_success' });
    const first = await read<Connections>(usher, '/connections');
    expect(first.total).toBe(1);
    expect(first.connections[0]).toMatchObject({
      endpoint: '/ws',
      principal: { kind: 'user', id: markup },
      since: new Date(usher.clock.now).toISOString(),
      expires_at: expect.any(String) as unknown,
    });
    expect(first.connections[0]).not.toHaveProperty('rechecked_at');
    const text = JSON.stringify(first);
    for (const secret of [bearer, ticket]) expect(text).not.toContain(secret);
    usher.clock.advance(15_000);
    const rechecked_at = new Date(usher.clock.now).toISOString();
    await vi.waitFor(async () => {
      const { connections } = await read<Connections>(usher, '/connections');
      expect(connections[0]).toMatchObject({ rechecked_at });
    }, waiting);
    client.socket.terminate();
    await vi.waitFor(async () => {
      expect((await read<Connections>(usher, '/connections')).total).toBe(0);
    }, waiting);
  });
});
