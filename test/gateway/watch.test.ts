import { describe, expect, it } from 'vitest';
import { refuseTicket } from '../../src/core/ticket.ts';
import { Unavailable } from '../../src/core/unavailable.ts';
import { goodTicket, holder, settle, startDoorstep, until, user } from './doorstep.ts';
import type { RedeemTicket } from '../../src/actions/redeem-ticket.ts';
import type { Doorstep } from './doorstep.ts';
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

/** Waits until a client that was let in is watched: it has a heartbeat, an end and a next look. */
const watched = ({ time }: Doorstep) => until(() => time.waiting() === 3);

describe('a connection ends', () => {
  it('with the credential behind it, to the millisecond', async () => {
    const doorstep = await startDoorstep({ redeemTicket: endingAt(testNow + 12_000) });
    const client = await doorstep.enter();
    await watched(doorstep);
    doorstep.time.advance(11_999);
    client.socket.send('still here');
    expect(await client.nextJson()).toMatchObject({ type: 'error' });
    doorstep.time.advance(1);
    expect(await client.closed).toEqual({ code: 4001, reason: 'The credential has ended' });
  });

  it('at once when the credential ended while its ticket was redeemed', async () => {
    const { enter } = await startDoorstep({ redeemTicket: endingAt(testNow) });
    expect((await (await enter()).closed).code).toBe(4001);
  });

  it('not before, however far away that is', async () => {
    const days = 24 * 3_600_000;
    const doorstep = await startDoorstep({ redeemTicket: endingAt(testNow + 40 * days) });
    const client = await doorstep.enter();
    await watched(doorstep);
    client.socket.send('still here');
    expect(await client.nextJson()).toMatchObject({ type: 'error' });
  });

  it('when its credential is revoked here', async () => {
    const doorstep = await startDoorstep();
    const [client, other] = [await doorstep.enter(), await doorstep.enter()];
    await until(() => doorstep.time.waiting() === 6);
    const { live } = doorstep;
    expect(
      live.end({
        subject: { kind: 'user', userId: '15', tenantId: '2' },
        issuedBefore: testNow + 1,
      }),
    ).toBe(0);
    expect(live.end({ subject: { kind: 'user', userId: '15' }, issuedBefore: testNow })).toBe(0);
    expect(
      live.end({ subject: { kind: 'tenant', tenantId: '1' }, issuedBefore: testNow + 1 }),
    ).toBe(2);
    expect((await client.closed).code).toBe(4003);
    expect((await other.closed).code).toBe(4003);
    expect(
      live.end({ subject: { kind: 'tenant', tenantId: '1' }, issuedBefore: testNow + 1 }),
    ).toBe(0);
  });

  it('at the next look when its credential is revoked elsewhere', async () => {
    let welcome = true;
    const doorstep = await startDoorstep({ stillWelcome: () => Promise.resolve(welcome) });
    const client = await doorstep.enter();
    await watched(doorstep);
    doorstep.time.advance(15_000);
    await watched(doorstep);
    welcome = false;
    doorstep.time.advance(14_999);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    doorstep.time.advance(1);
    expect(await client.closed).toEqual({ code: 4003, reason: 'Access was withdrawn' });
  });

  it('when three looks in a row could not tell, and not before', async () => {
    let available = true;
    let looks = 0;
    const stillWelcome = () => {
      looks += 1;
      return available ? Promise.resolve(true) : Promise.reject(new Unavailable('database'));
    };
    const counted: string[] = [];
    const doorstep = await startDoorstep({
      stillWelcome,
      countUnavailable: ({ dependency }) => counted.push(dependency),
    });
    const client = await doorstep.enter();
    const look = async () => {
      await watched(doorstep);
      doorstep.time.advance(15_000);
      await settle(client);
    };
    for (const outage of [true, true, false, true, true]) {
      available = !outage;
      await look();
    }
    await watched(doorstep);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    doorstep.time.advance(15_000);
    expect(looks).toBe(7);
    expect((await client.closed).code).toBe(1013);
    expect(counted).toEqual(['database']);
  });

  it('when a look fails for a reason that nobody thought of', async () => {
    const doorstep = await startDoorstep({ stillWelcome: () => Promise.reject(new Error('bug')) });
    expect((await (await doorstep.enter()).closed).code).toBe(1011);
  });
});

it('asks once more when a connection is counted among those that a revocation ends', async () => {
  // Revoked after the ticket was good, and before anybody could have ended this connection.
  const doorstep = await startDoorstep({ stillWelcome: () => Promise.resolve(false) });
  expect((await (await doorstep.enter()).closed).code).toBe(4003);
});

describe('a heartbeat', () => {
  it('keeps a connection whose client answers', async () => {
    const doorstep = await startDoorstep();
    const client = await doorstep.enter();
    let pings = 0;
    client.socket.on('ping', () => (pings += 1));
    for (let i = 0; i < 6; i += 1) {
      await watched(doorstep);
      doorstep.time.advance(30_000);
      await settle(client);
    }
    expect(pings).toBe(6);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  it('cuts a connection whose client left two pings unanswered', async () => {
    const doorstep = await startDoorstep();
    const client = await doorstep.enter({ autoPong: false });
    for (let i = 0; i < 2; i += 1) {
      await watched(doorstep);
      doorstep.time.advance(30_000);
      await settle(client);
    }
    await watched(doorstep);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    doorstep.time.advance(30_000);
    expect((await client.closed).code).toBe(1006);
    await until(() => doorstep.time.waiting() === 0);
  });

  it('leaves no timer behind when the client goes', async () => {
    const doorstep = await startDoorstep();
    const client = await doorstep.enter();
    await watched(doorstep);
    client.socket.close();
    await until(() => doorstep.time.waiting() === 0);
    expect(
      doorstep.live.end({ subject: { kind: 'user', userId: '15' }, issuedBefore: testNow + 1 }),
    ).toBe(0);
  });
});

describe('the message limit', () => {
  it('counts all connections of a principal together, and nobody else’s', async () => {
    let userId = '15';
    const redeemTicket: RedeemTicket = () => {
      const principal = { ...user, userId };
      const judged = { id: 'd', action: 'redeem-ticket', checks: [] } as const;
      const redeemed = { ...holder, user: principal };
      return Promise.resolve({ ...judged, outcome: 'grant', principal, holder: redeemed });
    };
    const doorstep = await startDoorstep({ mostMessages: 3, redeemTicket });
    const [one, two] = [await doorstep.enter(), await doorstep.enter()];
    userId = '16';
    const other = await doorstep.enter();
    const say = async (client: typeof one) => {
      client.socket.send('hello');
      return ((await client.nextJson()) as { readonly error: string }).error;
    };
    const passed = 'No server is connected here';
    expect([await say(one), await say(two), await say(one)]).toEqual([passed, passed, passed]);
    expect(await say(two)).toBe('Too many messages');
    expect(await say(other)).toBe(passed);
    doorstep.time.now += 19_999;
    expect(await say(two)).toBe('Too many messages');
    doorstep.time.now += 2;
    expect(await say(two)).toBe(passed);
  });

  it('says when the next message may pass', async () => {
    const doorstep = await startDoorstep({ mostMessages: 1 });
    const client = await doorstep.enter();
    client.socket.send('one');
    await client.next();
    doorstep.time.now += 18_500;
    client.socket.send('two');
    expect(await client.nextJson()).toEqual({
      type: 'error',
      error: 'Too many messages',
      retryAfter: 42,
    });
  });

  it('ends the connection of somebody who does not listen', async () => {
    const doorstep = await startDoorstep({ mostMessages: 1 });
    const client = await doorstep.enter();
    for (let i = 0; i < 32; i += 1) client.socket.send('hello');
    expect(await client.closed).toEqual({ code: 4429, reason: 'Too many messages' });
  });
});
