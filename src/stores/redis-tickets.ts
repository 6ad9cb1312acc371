import { ticketGrace, type TicketHolder, type TicketStore } from '../core/ticket.ts';
import type { Redis } from './redis.ts';

/** One step for Redis, so that of many at once each sees its own count. The key's end stays as it was. */
const takeScript = `
local holder = redis.call('HGET', KEYS[1], 'holder')
if not holder then return nil end
return { holder, redis.call('HINCRBY', KEYS[1], 'takes', 1) }`;

/** The tickets in Redis, shared by replicas; Redis itself removes them an hour after they expired. */
export function createRedisTickets(redis: Redis, now: () => number): TicketStore {
  return {
    async put(ticketHash, holder) {
      const remaining = holder.expiresAt + ticketGrace - now();
      if (remaining <= 0) return;
      await redis.ask(async (client) => {
        const key = keyOf(ticketHash);
        const put = client.multi().hset(key, 'holder', JSON.stringify(holder));
        // Both or neither: a ticket without an end would stay for ever.
        const answers = await put.pexpire(key, remaining).exec();
        const failed = answers?.find(([error]) => error !== null);
        if (answers === null || failed) throw failed?.[0] ?? new Error('not executed');
      });
    },

    async take(ticketHash) {
      const taken = await redis.ask((client) => client.eval(takeScript, 1, keyOf(ticketHash)));
      if (taken === null) return undefined;
      const [holder, takes] = taken as readonly [string, number];
      return { holder: JSON.parse(holder) as TicketHolder, first: takes === 1 };
    },

    sweep: () => Promise.resolve(0),
  };
}

function keyOf(ticketHash: string): string {
  return `ticket:${ticketHash}`;
}
