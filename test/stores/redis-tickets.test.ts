import { expect, it } from 'vitest';
import { ticketGrace } from '../../src/core/ticket.ts';
import { createRedisTickets } from '../../src/stores/redis-tickets.ts';
import { holderOf, holdToTicketContract, newHash } from '../contract/ticket-store.ts';
import { describeRedis, redisUrl, useRedis } from '../support/redis.ts';
import { testNow } from '../support/tokens.ts';

describeRedis('tickets in Redis', () => {
  const at = useRedis();
  const tickets = () => createRedisTickets(at.redis, () => testNow);

  holdToTicketContract(() => ({
    store: tickets(),
    address: { kind: 'redis', url: redisUrl(), keyPrefix: at.keyPrefix },
  }));

  it('gives each key an end, an hour after the ticket’s, that taking does not move', async () => {
    const hash = newHash();
    const life = 60_000;
    await tickets().put(hash, holderOf({ expiresAt: testNow + life }));
    await tickets().take(hash);
    const remaining = await at.admin.pttl(`${at.keyPrefix}ticket:${hash}`);
    expect(remaining).toBeLessThanOrEqual(life + ticketGrace);
    expect(remaining).toBeGreaterThan(ticketGrace);
  });

  it('makes no key for a ticket that nobody put, or that is long over', async () => {
    const [unknown, over] = [newHash(), newHash()];
    await tickets().take(unknown);
    await tickets().put(over, holderOf({ expiresAt: testNow - ticketGrace }));
    for (const hash of [unknown, over]) {
      expect(await at.admin.exists(`${at.keyPrefix}ticket:${hash}`)).toBe(0);
    }
  });
});
