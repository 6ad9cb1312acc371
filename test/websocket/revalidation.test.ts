import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { refuseTicket } from '../../src/authorize/tickets/ticket.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { goodTicket, holder, settle, startTestEndpoint, until, user } from './test-endpoint.ts';
import { createConnection } from '../../src/websocket/connection.ts';
import { startRevalidation, type Revalidate } from '../../src/websocket/revalidation.ts';
import { openClient, startUpstream } from '../support/web-socket.ts';
import type { RedeemTicket } from '../../src/websocket/ticket-authentication.ts';
import type { TestEndpoint } from './test-endpoint.ts';
import { testNow } from '../support/tokens.ts';

/** Redeems the good ticket for a credential that ends then. */
const endingAt =
  (expiresAt: number): RedeemTicket =>
  ({ ticket }) => {
    const principal = { ...user, expiresAt };
    const judged = { id: 'd', action: 'redeem-ticket', checks: [] } as const;
    return Promise.resolve(
      ticket === goodTicket
        ? { ...judged, outcome: 'grant', principal, holder: { ...holder, user: principal } }
        : refuseTicket(judged, 'ticket-unknown'),
    );
  };

/** Waits until an authenticated client has its timers: heartbeat, expiry and revalidation. */
const watched = ({ time }: TestEndpoint) => until(() => time.waiting() === 3);

describe('a connection ends', () => {
  it('at the expiry of its credential, to the millisecond', async () => {
    const endpoint = await startTestEndpoint({ redeemTicket: endingAt(testNow + 12_000) });
    const client = await endpoint.enter();
    await watched(endpoint);
    endpoint.time.advance(11_999);
    client.socket.send('still here');
    expect(await client.nextJson()).toMatchObject({ type: 'error' });
    endpoint.time.advance(1);
    expect(await client.closed).toEqual({ code: 4001, reason: 'The credential has ended' });
  });

  it('immediately if the credential expired while its ticket was redeemed', async () => {
    const { enter } = await startTestEndpoint({ redeemTicket: endingAt(testNow) });
    expect((await (await enter()).closed).code).toBe(4001);
  });

  it('not before its expiry, even if that is far in the future', async () => {
    const days = 24 * 3_600_000;
    const endpoint = await startTestEndpoint({ redeemTicket: endingAt(testNow + 40 * days) });
    const client = await endpoint.enter();
    await watched(endpoint);
    client.socket.send('still here');
    expect(await client.nextJson()).toMatchObject({ type: 'error' });
  });

  it('when its credential is revoked here', async () => {
    const endpoint = await startTestEndpoint();
    const [client, other] = [await endpoint.enter(), await endpoint.enter()];
    await until(() => endpoint.time.waiting() === 6);
    const { live } = endpoint;
    expect(
      live.close({
        subject: { kind: 'user', userId: '15', tenantId: '2' },
        issuedBefore: testNow + 1,
      }),
    ).toBe(0);
    expect(live.close({ subject: { kind: 'user', userId: '15' }, issuedBefore: testNow })).toBe(0);
    expect(
      live.close({ subject: { kind: 'tenant', tenantId: '1' }, issuedBefore: testNow + 1 }),
    ).toBe(2);
    expect((await client.closed).code).toBe(4003);
    expect((await other.closed).code).toBe(4003);
    expect(
      live.close({ subject: { kind: 'tenant', tenantId: '1' }, issuedBefore: testNow + 1 }),
    ).toBe(0);
  });

  it('at the next revalidation if its credential was revoked at another replica', async () => {
    let welcome = true;
    const endpoint = await startTestEndpoint({ isStillAllowed: () => Promise.resolve(welcome) });
    const client = await endpoint.enter();
    await watched(endpoint);
    endpoint.time.advance(15_000);
    await watched(endpoint);
    welcome = false;
    endpoint.time.advance(14_999);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    endpoint.time.advance(1);
    expect(await client.closed).toEqual({ code: 4003, reason: 'Access was revoked' });
  });

  it('after three failed revalidations in a row, and not before', async () => {
    let available = true;
    let revalidations = 0;
    const isStillAllowed = () => {
      revalidations += 1;
      return available ? Promise.resolve(true) : Promise.reject(new Unavailable('database'));
    };
    const counted: string[] = [];
    const endpoint = await startTestEndpoint({
      isStillAllowed,
      countUnavailable: ({ dependency }) => counted.push(dependency),
    });
    const client = await endpoint.enter();
    const look = async () => {
      await watched(endpoint);
      endpoint.time.advance(15_000);
      await settle(client);
    };
    for (const outage of [true, true, false, true, true]) {
      available = !outage;
      await look();
    }
    await watched(endpoint);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    endpoint.time.advance(15_000);
    expect(revalidations).toBe(7);
    expect((await client.closed).code).toBe(1013);
    expect(counted).toEqual(['database']);
  });

  it('after an unhandled error in a revalidation', async () => {
    const endpoint = await startTestEndpoint({
      isStillAllowed: () => Promise.reject(new Error('bug')),
    });
    expect((await (await endpoint.enter()).closed).code).toBe(1011);
  });
});

it('a connection that is added while a revocation closes others is checked as well', async () => {
  // Revoked after the ticket was redeemed, and before the connection was added.
  const endpoint = await startTestEndpoint({ isStillAllowed: () => Promise.resolve(false) });
  expect((await (await endpoint.enter()).closed).code).toBe(4003);
});

describe('a heartbeat', () => {
  it('keeps a connection whose client responds', async () => {
    const endpoint = await startTestEndpoint();
    const client = await endpoint.enter();
    let pings = 0;
    client.socket.on('ping', () => (pings += 1));
    for (let i = 0; i < 6; i += 1) {
      await watched(endpoint);
      endpoint.time.advance(20_000);
      await settle(client);
    }
    expect(pings).toBe(6);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  it('closes a connection after two unanswered pings', async () => {
    const endpoint = await startTestEndpoint();
    const client = await endpoint.enter({ autoPong: false });
    for (let i = 0; i < 2; i += 1) {
      await watched(endpoint);
      endpoint.time.advance(20_000);
      await settle(client);
    }
    await watched(endpoint);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    endpoint.time.advance(20_000);
    expect((await client.closed).code).toBe(1006);
    await until(() => endpoint.time.waiting() === 0);
  });

  it('leaves no timer when the client disconnects', async () => {
    const endpoint = await startTestEndpoint();
    const client = await endpoint.enter();
    await watched(endpoint);
    client.socket.close();
    await until(() => endpoint.time.waiting() === 0);
    expect(
      endpoint.live.close({ subject: { kind: 'user', userId: '15' }, issuedBefore: testNow + 1 }),
    ).toBe(0);
  });
});

describe('the message limit', () => {
  it('includes all connections of a principal, and not those of others', async () => {
    let userId = '15';
    const redeemTicket: RedeemTicket = () => {
      const principal = { ...user, id: userId };
      const judged = { id: 'd', action: 'redeem-ticket', checks: [] } as const;
      const redeemed = { ...holder, user: principal };
      return Promise.resolve({ ...judged, outcome: 'grant', principal, holder: redeemed });
    };
    const endpoint = await startTestEndpoint({ mostMessages: 3, redeemTicket });
    const [one, two] = [await endpoint.enter(), await endpoint.enter()];
    userId = '16';
    const other = await endpoint.enter();
    // Messages beyond the limit are dropped: the next response is for the next accepted message.
    const say = (client: typeof one, text: string) => {
      client.socket.send(text);
      return settle(client);
    };
    const passed = async (client: typeof one) => {
      expect(await client.nextJson()).toMatchObject({ error: 'No server is connected here' });
    };
    for (const client of [one, two, one]) {
      await say(client, 'hello');
      await passed(client);
    }
    const pending = two.next();
    let responded = false;
    void pending.then(() => (responded = true));
    await say(two, 'too many');
    await say(other, 'hello');
    await passed(other);
    endpoint.time.now += 19_999;
    await say(two, 'too many');
    expect(responded).toBe(false);
    endpoint.time.now += 2;
    await say(two, 'hello');
    await pending;
  });

  it('closes the connection at the first message over the limit, if so configured', async () => {
    const endpoint = await startTestEndpoint({ mostMessages: 1, overLimit: 'close' });
    const client = await endpoint.enter();
    client.socket.send('one');
    await client.next();
    client.socket.send('two');
    expect(await client.closed).toEqual({ code: 4429, reason: 'Too many messages' });
  });

  it('closes the connection after 31 dropped messages', async () => {
    const endpoint = await startTestEndpoint({ mostMessages: 1 });
    const client = await endpoint.enter();
    for (let i = 0; i < 32; i += 1) client.socket.send('hello');
    expect(await client.closed).toEqual({ code: 4429, reason: 'Too many messages' });
  });
});

describe('a credential that was renewed', () => {
  it('keeps its connection, even if the renewal came after the last regular revalidation', async () => {
    const endpoint = await startTestEndpoint();
    const renewals: number[] = [testNow + 18_000, testNow + 60_000];
    const { connection, closed } = await watchOne(endpoint, testNow + 18_000, () => {
      const [expiresAt = testNow + 60_000] = renewals.splice(0, 1);
      return Promise.resolve({ expiresAt });
    });
    endpoint.time.advance(15_000);
    await settleLoop();
    endpoint.time.advance(3_000);
    await settleLoop();
    expect(connection.isOpen()).toBe(true);
    endpoint.time.advance(15_000);
    await settleLoop();
    expect(connection.isOpen()).toBe(true);
    endpoint.time.advance(27_000);
    expect((await closed).code).toBe(4001);
  });

  it('does not keep it if a dependency is unavailable', async () => {
    const endpoint = await startTestEndpoint();
    const { closed } = await watchOne(endpoint, testNow + 9_000, () =>
      Promise.reject(new Unavailable('database')),
    );
    endpoint.time.advance(9_000);
    expect((await closed).code).toBe(1013);
  });

  it('does not keep it without a response for longer than five seconds', async () => {
    const endpoint = await startTestEndpoint();
    const { connection, closed } = await watchOne(
      endpoint,
      testNow + 9_000,
      () => new Promise(() => undefined),
    );
    endpoint.time.advance(13_999);
    expect(connection.isOpen()).toBe(true);
    endpoint.time.advance(1);
    expect((await closed).code).toBe(1013);
  });
});

/** A connection that only its revalidation can close. */
async function watchOne(endpoint: TestEndpoint, expiresAt: number, revalidate: Revalidate) {
  const upstream = await startUpstream();
  onTestFinished(upstream.stop);
  const [client, { socket }] = await Promise.all([
    openClient(upstream.url.replace('ws', 'http'), '/'),
    upstream.next(),
  ]);
  const { now, startTimer } = endpoint.time.clock;
  const connection = createConnection(socket, startTimer);
  const log = pino({ level: 'silent' });
  const ports = {
    now,
    startTimer,
    recheckIntervalMs: 15_000,
    countUnavailable: () => undefined,
    log,
  };
  startRevalidation(connection, { expiresAt, revalidate }, ports);
  return { connection, closed: client.closed };
}

const settleLoop = async () => {
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
};
