import { describe, expect, it, vi } from 'vitest';
import { getTicket, ticketEnvironment } from '../http/ticket-requests.ts';
import { withClient } from '../support/database.ts';
import { useUsher } from '../support/usher.ts';
import { openClient, tryClient } from '../support/web-socket.ts';
import { ticketMessage, until } from '../websocket/test-endpoint.ts';

const fromProxy = { ...ticketEnvironment, TRUSTED_PROXIES: '127.0.0.0/8' };
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

describe('connections from one address', () => {
  // The default: ten per minute.
  const usher = useUsher({ ...fromProxy, RATE_LIMIT_CONNECTIONS: '', RATE_LIMIT_FAILURES: '1' });
  const signals = () =>
    withClient(usher.database, async (client) => {
      const found = await client.query<{ address: string }>(
        `SELECT address FROM security_events WHERE signal = 'limit-exceeded' ORDER BY address`,
      );
      return found.rows.map(({ address }) => address);
    });

  it('are all accepted if each authenticates: two hundred guests of one hotel at once', async () => {
    const tickets: string[] = [];
    for (let i = 0; i < 200; i += 1) tickets.push(await getTicket(usher.public));
    const responses = await Promise.all(
      tickets.map(async (ticket) => {
        const client = await openClient(usher.public, '/ws', from('203.0.113.1'));
        client.socket.send(ticketMessage(ticket));
        const { type } = (await client.nextJson()) as { readonly type: string };
        client.socket.terminate();
        return type;
      }),
    );
    expect(new Set(responses)).toEqual(new Set(['authentication_success']));
  });

  it('are limited to ten a minute without authentication, for all addresses of a /64', async () => {
    for (let i = 0; i < 10; i += 1) {
      await openClient(usher.public, '/ws', from(`2001:db8:0:7:${i}::1`));
    }
    const timers = usher.clock.waiting();
    const eleventh = tryClient(usher.public, '/ws/', from('2001:db8:0:7:ffff::1'));
    // The queued attempt has two timers: its timeout, and the poll for refunds.
    await until(() => usher.clock.waiting() === timers + 2);
    usher.clock.advance(5_000);
    const retryAfter = expect.stringMatching(/^[1-6]$/) as unknown;
    expect(await eleventh).toMatchObject({ status: 429, headers: { 'retry-after': retryAfter } });
    expect(await signals()).toEqual(['2001:db8:0:7:ffff::1']);
    await openClient(usher.public, '/ws', from('2001:db8:0:8::1'));
  });

  it('with invalid tickets count as failures of the address', async () => {
    for (let i = 0; i < 3; i += 1) {
      const client = await openClient(usher.public, '/ws', from('203.0.113.9'));
      client.socket.send(ticketMessage(`ws_ticket_${'0'.repeat(64)}`));
      expect((await client.closed).code).toBe(4401);
    }
    const countReports = async () =>
      (await signals()).filter((each) => each === '203.0.113.9').length;
    await vi.waitUntil(async () => (await countReports()) === 1, { timeout: 30_000 });
  });
});
