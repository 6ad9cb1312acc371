import { describe, expect, it } from 'vitest';
import { send, userRequest } from '../http/requests.ts';
import { openSocket } from '../http/raw-socket.ts';
import { useUsher } from '../support/usher.ts';
import { withClient } from '../support/database.ts';
import { raw } from './attacker.ts';

const bad = { authorization: 'Bearer x' };

describe('a client that tries many tokens, without a trusted proxy', () => {
  const usher = useUsher({ RATE_LIMIT_FAILURES: '1' });
  const attempt = async (headers: Readonly<Record<string, string>>) =>
    (await send(usher.public, userRequest({ headers: { ...bad, ...headers } }))).status;

  it('is counted by the address of its connection, whatever headers it sends', async () => {
    expect(await attempt({})).toBe(401);
    for (const name of ['x-forwarded-for', 'X-FORWARDED-FOR', 'forwarded', 'x-real-ip', 'via']) {
      for (const address of ['203.0.113.1', 'for=203.0.113.1', '::1', '127.0.0.1', 'unknown', '']) {
        expect(await attempt({ [name]: address })).toBe(429);
      }
    }
    const headers = { 'cf-connecting-ip': '203.0.113.1', 'true-client-ip': '203.0.113.1' };
    expect(await attempt({ ...headers, 'x-client-ip': '203.0.113.1', client: 'x' })).toBe(429);
  });

  it('is limited on every path, with every tenant and with every credential', async () => {
    await attempt({});
    for (const path of [
      '/pusher/auth',
      '/pusher/auth/',
      '/api/tenants/7/pusher/auth',
      '/pusher/auth?x=1',
    ]) {
      const headers = { ...bad, 'x-tenant-id': '7' };
      expect((await send(usher.public, userRequest({ path, headers }))).status).toBe(429);
    }
    const headers = { authorization: undefined, 'x-guest-session': 'guest_x' };
    expect((await send(usher.public, userRequest({ headers }))).status).toBe(429);
  });
});

describe('a client behind a trusted proxy', () => {
  const usher = useUsher({ RATE_LIMIT_FAILURES: '1', TRUSTED_PROXIES: '127.0.0.0/8' });
  const attempt = async (address: string) =>
    (await send(usher.public, userRequest({ headers: { ...bad, 'x-forwarded-for': address } })))
      .status;

  it.each([
    [
      '2001:db8:0:1::1',
      ['2001:DB8:0:1:0:0:0:1', '2001:0db8:0000:0001::ffff', '2001:db8:0:1::203.0.113.1'],
    ],
    ['203.0.113.9', ['::ffff:203.0.113.9', '::FFFF:cb00:7109', '198.51.100.1, 203.0.113.9']],
  ])('%s is one address in every spelling', async (address, spellings) => {
    expect(await attempt(address)).toBe(401);
    for (const spelling of spellings)
      expect([spelling, await attempt(spelling)]).toEqual([spelling, 429]);
  });

  it.each([
    'unknown',
    '',
    ',',
    '203.0.113.7:1234',
    'fe80::1%eth0',
    '[::1]:80',
    '::1/0',
    'a'.repeat(500),
  ])('does not cause a 500 with the invalid address %j', async (address) => {
    expect([401, 429]).toContain(await attempt(address));
  });
});

describe('a client that disconnects before the response', () => {
  const usher = useUsher({ RATE_LIMIT_FAILURES: '3' });

  it('is counted like any other client', async () => {
    // Looking up the session takes a query, and meanwhile the client disconnects.
    const session = `X-Guest-Session: guest_${'0'.repeat(64)}`;
    for (let i = 0; i < 4; i += 1) {
      const socket = await openSocket(usher.public);
      socket.end(raw('DELETE /api/guest-sessions/current', ['Host: usher', session]));
      await socket.closed;
    }
    const signals = () =>
      withClient(usher.database, async (client) => {
        const { rows } = await client.query<{ signal: string; address: string }>(
          'SELECT signal, address::text AS address FROM security_events',
        );
        return rows.map(({ signal, address }) => [signal, address.replace(/\/.*/, '')]);
      });
    const exceeded = ['limit-exceeded', '127.0.0.1'];
    await expect.poll(signals, { timeout: 30_000 }).toContainEqual(exceeded);
  });
});
