import { describe, expect, it } from 'vitest';
import { send } from '../http/requests.ts';
import {
  chatServers,
  getTicket,
  issueBody,
  redeemRequest,
  ticketEnvironment,
} from '../http/ticket-requests.ts';
import { useUsher, userToken } from '../support/usher.ts';
import { openClient } from '../support/web-socket.ts';

/** Limits are high enough that only the ticket itself prevents reuse. */
const limits = { RATE_LIMIT_CONNECTIONS: '1000000', RATE_LIMIT_AUTHORIZATIONS: '1000000' };

describe('a ticket that is presented more than once', () => {
  const usher = useUsher({ ...ticketEnvironment, ...limits });

  const byServer = async (ticket: string, server: keyof typeof chatServers = 'chat-1') => {
    const headers = { 'x-chat-server-key': server, 'x-chat-server-secret': chatServers[server] };
    return (await send(usher.public, redeemRequest(ticket, headers))).status === 200;
  };
  const bySocket = async (ticket: string) => {
    const client = await openClient(usher.public, '/ws');
    client.socket.send(JSON.stringify({ type: 'ticket_authenticate', ticket }));
    const { type } = (await client.nextJson()) as { readonly type: string };
    client.socket.terminate();
    return type === 'authentication_success';
  };
  const wins = async (attempts: readonly Promise<boolean>[]) =>
    (await Promise.all(attempts)).filter(Boolean).length;

  it('is accepted once from a hundred concurrent clients', async () => {
    const ticket = await getTicket(usher.public);
    expect(await wins(Array.from({ length: 100 }, () => byServer(ticket)))).toBe(1);
    expect(await byServer(ticket)).toBe(false);
  });

  it('is accepted once when it is sent to the chat server and the WebSocket at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const ticket = await getTicket(usher.public);
      const both = Array.from({ length: 10 }, () => [byServer(ticket), bySocket(ticket)]).flat();
      expect(await wins(both)).toBe(1);
    }
  });

  it('is redeemed by another chat server, and then refused to both', async () => {
    const ticket = await getTicket(usher.public);
    expect(await byServer(ticket, 'chat-2')).toBe(false);
    expect(await wins([byServer(ticket), bySocket(ticket)])).toBe(0);
  });

  it('is refused from the millisecond of its expiry', async () => {
    const before = usher.clock.now;
    const ticket = await getTicket(usher.public);
    usher.clock.now = before + 3_600_000;
    expect(await wins([byServer(ticket), bySocket(ticket)])).toBe(0);
    usher.clock.now = before;
  });

  it('is not found in another spelling', async () => {
    const ticket = await getTicket(usher.public);
    const hex = ticket.slice('ws_ticket_'.length);
    for (const text of [
      `ws_ticket_${hex.toUpperCase()}`,
      hex,
      `${ticket} `,
      `${ticket}\n`,
      `WS_${ticket.slice(3)}`,
    ]) {
      expect(await wins([byServer(text), bySocket(text)])).toBe(0);
    }
    expect(await byServer(ticket)).toBe(true);
  });

  it('is never issued for another user', async () => {
    for (const userId of ['16', '15 ', '015', '１５', '15\u200b', ['15'], { $ne: '' }, 15]) {
      await expect(getTicket(usher.public, { ...issueBody, userId })).rejects.toThrow('No ticket');
    }
    const headers = { authorization: `Bearer ${userToken({ sub: '16' })}` };
    await expect(getTicket(usher.public, issueBody, headers)).rejects.toThrow('yourself only');
  });
});
