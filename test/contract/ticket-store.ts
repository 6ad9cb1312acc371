import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  ticketGraceMs,
  type TicketHolder,
  type TicketStore,
} from '../../src/authorize/tickets/ticket.ts';
import { testNow } from '../support/tokens.ts';
import { startTicketConsumer, type StoreAddress } from './taker.ts';

/** A store under test. Its clock, if it has one, starts at `testNow`. */
export interface StoreAtHand {
  readonly store: TicketStore;
  /** The address with which another process opens the same store. */
  readonly address: StoreAddress;
}

export const newHash = (): string => randomBytes(32).toString('hex');

/** A ticket of user 15 that expires an hour after `testNow`. */
export function holderOf(changes: Partial<TicketHolder> = {}): TicketHolder {
  return {
    user: { kind: 'user', id: '15', tenantId: '1', roles: ['admin'], expiresAt: testNow + 1 },
    serverKey: 'chat-1',
    expiresAt: testNow + 3_600_000,
    ...changes,
  };
}

/** Tests of every store of tickets. Call it in a suite; `at` is called within tests. */
export function testTicketContract(at: () => StoreAtHand): void {
  const put = async (changes: Partial<TicketHolder> = {}) => {
    const hash = newHash();
    const holder = holderOf(changes);
    await at().store.put(hash, holder);
    return { hash, holder };
  };

  it('grants the first attempt to redeem a ticket, and reports it to the others', async () => {
    const { hash, holder } = await put();
    expect(await at().store.consume(hash)).toEqual({ holder, isFirstUse: true });
    expect(await at().store.consume(hash)).toEqual({ holder, isFirstUse: false });
    expect(await at().store.consume(hash)).toEqual({ holder, isFirstUse: false });
  });

  it('finds a ticket without redeeming it, and reports whether it was redeemed', async () => {
    const { hash, holder } = await put();
    expect(await at().store.find(hash)).toEqual({ holder, isFirstUse: true });
    expect(await at().store.find(hash)).toEqual({ holder, isFirstUse: true });
    expect(await at().store.consume(hash)).toEqual({ holder, isFirstUse: true });
    expect(await at().store.find(hash)).toEqual({ holder, isFirstUse: false });
    expect(await at().store.find(newHash())).toBeUndefined();
  });

  it('does not find a ticket that was not stored', async () => {
    await put();
    const hash = newHash();
    expect(await at().store.consume(hash)).toBeUndefined();
    // Reading it must not create it.
    expect(await at().store.consume(hash)).toBeUndefined();
  });

  it('distinguishes tickets', async () => {
    const [one, two] = [await put({ entityId: 'one' }), await put({ entityId: 'two' })];
    expect(await at().store.consume(two.hash)).toEqual({ holder: two.holder, isFirstUse: true });
    expect(await at().store.consume(one.hash)).toEqual({ holder: one.holder, isFirstUse: true });
  });

  it('returns every field, with any characters', async () => {
    const { hash, holder } = await put({
      user: {
        kind: 'user',
        id: `'; DROP TABLE tickets; --`,
        tenantId: 'züri-🛎️',
        roles: [],
        name: '"\\u0041"',
        tokenId: 'a\tb',
        issuedAt: testNow - 1,
        expiresAt: 8.64e15,
      },
      entityId: '\r\n$1\r\n*',
      entityType: '{"a":1}',
      providerResId: '%00',
    });
    expect(await at().store.consume(hash)).toEqual({ holder, isFirstUse: true });
  });

  it('keeps a ticket that expired less than an hour ago, also after the cleanup', async () => {
    // A store with its own clock may differ by some milliseconds.
    const { hash, holder } = await put({ expiresAt: testNow - ticketGraceMs + 60_000 });
    await at().store.deleteExpired(testNow);
    expect(await at().store.consume(hash)).toEqual({ holder, isFirstUse: true });
  });

  it('deletes tickets that expired an hour ago, redeemed or not, in the cleanup', async () => {
    const left = await put({ expiresAt: testNow - ticketGraceMs });
    const taken = await put({ expiresAt: testNow - ticketGraceMs });
    await at().store.consume(taken.hash);
    await at().store.deleteExpired(testNow);
    expect(await at().store.consume(left.hash)).toBeUndefined();
    expect(await at().store.consume(taken.hash)).toBeUndefined();
  });

  it('grants exactly one of a hundred concurrent attempts', async () => {
    const { hash } = await put();
    const taken = await Promise.all(Array.from({ length: 100 }, () => at().store.consume(hash)));
    expect(taken.filter((each) => each?.isFirstUse === true)).toHaveLength(1);
    expect(taken.filter((each) => each?.isFirstUse === false)).toHaveLength(99);
  });

  it('grants exactly one of a hundred concurrent attempts of two processes, each time', async () => {
    const processes = await Promise.all([
      startTicketConsumer(at().address),
      startTicketConsumer(at().address),
    ]);
    try {
      for (let round = 0; round < 5; round += 1) {
        const { hash } = await put();
        const firsts = await Promise.all(processes.map((process) => process.take(hash, 50)));
        expect(firsts.flat().filter((first) => first)).toHaveLength(1);
        expect(firsts.flat()).toHaveLength(100);
      }
    } finally {
      await Promise.all(processes.map((process) => process.stop()));
    }
  });
}
