import { createInterface } from 'node:readline';
import { createDatabase } from '../../src/database/client.ts';
import { createTickets } from '../../src/database/repositories/tickets.ts';
import { Secret } from '../../src/runtime/secret.ts';
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
const say = (response: unknown): void => {
  process.stdout.write(`${JSON.stringify(response)}\n`);
};

const { url, role } = (await next()) as StoreAddress;
const database = createDatabase({ url: new Secret(url), role, timeoutMs: 30_000 });
const store = createTickets(database);
// Connects before it reports that it is ready.
await store.consume('none');
say('ready');
for (;;) {
  const job = (await next()) as Job | undefined;
  if (job === undefined) break;
  const takes = Array.from({ length: job.times }, () => store.consume(job.ticketHash));
  say((await Promise.all(takes)).map((taken) => taken?.isFirstUse ?? null));
}
await database.close();
