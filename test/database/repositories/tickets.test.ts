import { expect, it } from 'vitest';
import { ticketGraceMs } from '../../../src/authorize/tickets/ticket.ts';
import { createTickets } from '../../../src/database/repositories/tickets.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { holderOf, testTicketContract, newHash } from '../../contract/ticket-store.ts';
import { describePostgres, useDatabase, withClient } from '../../support/database.ts';
import { testNow } from '../../support/tokens.ts';

describePostgres('tickets in PostgreSQL', (server) => {
  const at = useDatabase(server);
  const tickets = () => createTickets(at.database);
  const query = (sql: string) => withClient(at.url, (client) => client.query(sql));

  testTicketContract(() => ({
    store: tickets(),
    address: { url: at.url.reveal(), role: server.role },
  }));

  it('returns how many tickets were deleted, and deletes no others', async () => {
    await tickets().deleteExpired(testNow);
    const expired = testNow - ticketGraceMs;
    for (const expiresAt of [expired - 1, expired, expired + 1]) {
      await tickets().put(newHash(), holderOf({ expiresAt }));
    }
    expect(await tickets().deleteExpired(testNow)).toBe(2);
    expect(await tickets().deleteExpired(testNow)).toBe(0);
    expect(await tickets().deleteExpired(testNow + 1)).toBe(1);
  });

  it('never overwrites a ticket', async () => {
    const hash = newHash();
    await tickets().put(hash, holderOf());
    await tickets().consume(hash);
    await expect(tickets().put(hash, holderOf())).rejects.toThrow(Unavailable);
    expect(await tickets().consume(hash)).toMatchObject({ isFirstUse: false });
  });

  it('is unavailable if the table is', async () => {
    await query('ALTER TABLE tickets RENAME TO elsewhere');
    try {
      await expect(tickets().consume(newHash())).rejects.toThrow(Unavailable);
      await expect(tickets().put(newHash(), holderOf())).rejects.toThrow(Unavailable);
      await expect(tickets().deleteExpired(testNow)).rejects.toThrow(Unavailable);
    } finally {
      await query('ALTER TABLE elsewhere RENAME TO tickets');
    }
  });
});
