import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withClient } from '../../support/database.ts';
import { startUsher, useUsher } from '../../support/usher.ts';
import { send, userRequest } from '../requests.ts';

const refused = (headers: Readonly<Record<string, string>>) =>
  userRequest({ headers: { authorization: 'Bearer x', ...headers } });

/** The address and the request id in the audit row of this decision. */
async function rowOf(
  usher: { readonly database: Parameters<typeof withClient>[0] },
  id: string | null,
) {
  const { rows } = await withClient(usher.database, (client) =>
    client.query<{ address: string; request_id: string }>(
      'SELECT address, request_id FROM audit_log WHERE decision_id = $1',
      [id],
    ),
  );
  return rows[0];
}

describe('behind a trusted proxy', () => {
  const usher = useUsher({ TRUSTED_PROXIES: '127.0.0.0/8,10.0.0.0/8' });
  const addressFor = async (forwarded: string) => {
    const response = await send(usher.public, refused({ 'x-forwarded-for': forwarded }));
    expect(response.status).toBe(401);
    return (await rowOf(usher, response.headers.get('x-decision-id')))?.address;
  };

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:51234', '203.0.113.7'],
    ['203.0.113.7:51234, 10.0.0.4:443', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['"[2001:db8::1]:443"', '2001:db8::1'],
    ['"203.0.113.7:1"', '203.0.113.7'],
    ['for=203.0.113.7;proto=https;by=10.0.0.1', '203.0.113.7'],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['::ffff:203.0.113.7', '::ffff:203.0.113.7'],
    [', 203.0.113.7 ,', '203.0.113.7'],
    // Entries further left were sent by the client itself.
    ['198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['unknown, 203.0.113.7', '203.0.113.7'],
  ])('the client of %j is %s', async (forwarded, address) => {
    expect(await addressFor(forwarded)).toBe(address);
  });

  it.each([
    'unknown',
    '"unknown"',
    '_hidden',
    'for=_gazonk',
    'a'.repeat(300),
    `fe80::1%${'a'.repeat(200)}`,
    '203.0.113.7:',
    '203.0.113.7:512345',
    '203.0.113',
    '010.0.0.1',
    '[2001:db8::1',
    '203.0.113.7 203.0.113.8',
    "'; DROP TABLE audit_log; --",
    ',',
    '',
  ])('the client of %j is the proxy', async (forwarded) => {
    expect(await addressFor(forwarded)).toBe('127.0.0.1');
  });

  it('an address that is not an IP address counts as the proxy that reported it', async () => {
    expect(await addressFor('203.0.113.9, unknown, 10.0.0.4:80')).toBe('10.0.0.4');
  });

  it('all connections of one client count for one address', async () => {
    const limited = await startUsher({ TRUSTED_PROXIES: '127.0.0.0/8', RATE_LIMIT_FAILURES: '1' });
    onTestFinished(limited.stop);
    const statuses = [];
    for (const port of [51234, 51235, 51236]) {
      const request = refused({ 'x-forwarded-for': `203.0.113.7:${port}` });
      statuses.push((await send(limited.public, request)).status);
    }
    expect(statuses).toEqual([401, 429, 429]);
  });

  it('the request id of the proxy is used, also in the row, and a forged one is not', async () => {
    const kept = await send(usher.public, refused({ 'x-request-id': 'proxy-0123.abc' }));
    expect(kept.headers.get('x-request-id')).toBe('proxy-0123.abc');
    const row = await rowOf(usher, kept.headers.get('x-decision-id'));
    expect(row?.request_id).toBe('proxy-0123.abc');
    const forged = await send(usher.public, refused({ 'x-request-id': 'a "b" c d' }));
    expect(forged.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('without a trusted proxy', () => {
  const usher = useUsher({ TRUSTED_PROXIES: '10.0.0.0/8' });

  it('a client can choose neither the request id nor its address', async () => {
    const headers = { 'x-request-id': 'chosen-by-anybody', 'x-forwarded-for': '10.0.0.1' };
    for (const base of [usher.public, usher.operator]) {
      const response = await send(base, refused(headers));
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
    const reply = await send(usher.public, refused(headers));
    const row = await rowOf(usher, reply.headers.get('x-decision-id'));
    expect(row?.address).toBe('127.0.0.1');
  });
});

describe('an idle connection', () => {
  /** The Retry-After header, and the connection on which the response arrived. */
  const keepAlive = async (address: string): Promise<readonly [string | undefined, Socket]> => {
    const socket = connect(Number(new URL(address).port), '127.0.0.1');
    onTestFinished(() => {
      socket.destroy();
    });
    socket.write('GET /nowhere HTTP/1.1\r\nHost: usher\r\n\r\n');
    const text = await new Promise<string>((resolve) => {
      socket.once('data', (bytes) => {
        resolve(bytes.toString());
      });
    });
    return [/keep-alive: timeout=(\d+)/i.exec(text)?.[1], socket];
  };
  const usher = useUsher();

  it('remains open longer than Caddy’s 120 s and Traefik’s 90 s, so that no proxy sends on a closing one', async () => {
    expect((await keepAlive(usher.public))[0]).toBe('125');
  });

  it.each([
    ['620s', '620'],
    ['1h', '3600'],
  ])('remains open for HTTP_KEEP_ALIVE=%s', async (HTTP_KEEP_ALIVE, seconds) => {
    const other = await startUsher({ HTTP_KEEP_ALIVE });
    onTestFinished(other.stop);
    expect((await keepAlive(other.public))[0]).toBe(seconds);
  });

  it('is closed after that time', async () => {
    const other = await startUsher({ HTTP_KEEP_ALIVE: '1s' });
    onTestFinished(other.stop);
    const [, socket] = await keepAlive(other.public);
    await expect.poll(() => socket.readableEnded, { timeout: 30_000 }).toBe(true);
  }, 60_000);
});
