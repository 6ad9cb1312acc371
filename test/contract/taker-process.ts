import { createInterface } from 'node:readline';
import { Secret } from '../../src/core/secret.ts';
import type { TicketStore } from '../../src/core/ticket.ts';
import { createDatabase } from '../../src/resources/client.ts';
import { createTickets } from '../../src/resources/tickets.ts';
import { createRedisTickets } from '../../src/stores/redis-tickets.ts';
import { createRedis } from '../../src/stores/redis.ts';
import type { StoreAddress } from './taker.ts';

interface Job {
  readonly ticketHash: string;
  readonly times: number;
}

const lines = createInterface(process.stdin)[Symbol.asyncIterator]();
const next = async (): Promise<unknown> => {
  const line = await lines.next();
  return line.done === true ? undefined : JSON.parse(line.value);
};
const say = (answer: unknown): void => {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
};

const { store, close } = await open((await next()) as StoreAddress);
// Connected before anybody says that it is ready.
await store.take('none');
say('ready');
for (;;) {
  const job = (await next()) as Job | undefined;
  if (job === undefined) break;
  const takes = Array.from({ length: job.times }, () => store.take(job.ticketHash));
  say((await Promise.all(takes)).map((taken) => taken?.first ?? null));
}
await close();

async function open(
  at: StoreAddress,
): Promise<{ readonly store: TicketStore; readonly close: () => Promise<void> }> {
  const url = new Secret(at.url);
  const timeoutMs = 30_000;
  if (at.kind === 'postgres') {
    const database = createDatabase({ url, role: at.role, timeoutMs });
    return { store: createTickets(database), close: database.close };
  }
  const redis = await createRedis({ url, log: console, keyPrefix: at.keyPrefix, timeoutMs });
  return { store: createRedisTickets(redis, Date.now), close: redis.close };
}
