import { describe, expect, it } from 'vitest';
import { send, guestRequest, userRequest, signInRequest } from '../http/requests.ts';
import type { TestResponse } from '../http/requests.ts';
import { withClient } from '../support/database.ts';
import { allowedOrigin, useUsher } from '../support/usher.ts';

const bad = { origin: allowedOrigin, authorization: 'Bearer x' };

function expectLimited({ status, headers, body }: TestResponse): void {
  expect([status, body]).toMatchObject([
    429,
    { error: 'Too Many Requests', message: 'Too many refused requests' },
  ]);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
  expect(headers.get('access-control-allow-origin')).toBe(allowedOrigin);
  expect(headers.get('access-control-expose-headers')).toContain('Retry-After');
  expect(headers.get('x-decision-id')).toBeTruthy();
}

describe('refused requests of one address', () => {
  // The default.
  const usher = useUsher({ RATE_LIMIT_FAILURES: '' });

  it('are limited to sixty a minute on all routes together; granted ones are not', async () => {
    for (let i = 0; i < 30; i += 1) {
      expect((await send(usher.public, userRequest({ headers: bad }))).status).toBe(401);
      expect((await send(usher.public, guestRequest({ fields: { token: 'x' } }))).status).toBe(403);
    }
    expectLimited(await send(usher.public, userRequest({ headers: bad })));
    expectLimited(await send(usher.public, signInRequest({ headers: bad })));
    const hotel = guestRequest({ fields: { token: 'x' }, headers: { origin: allowedOrigin } });
    const limited = await send(usher.public, hotel);
    expectLimited(limited);
    expect(Object.keys(limited.body as object)).toStrictEqual(['error', 'message']);

    for (const good of [userRequest(), signInRequest(), guestRequest()]) {
      expect((await send(usher.public, good)).status).toBe(200);
    }
  });
});

describe('refused requests without a trusted proxy', () => {
  const usher = useUsher({ RATE_LIMIT_FAILURES: '1' });

  it('count for the address of the connection, whatever addresses it forwards', async () => {
    const headers = (address: string) => ({ ...bad, 'x-forwarded-for': address });
    const first = await send(usher.public, userRequest({ headers: headers('203.0.113.1') }));
    expect(first.status).toBe(401);
    expectLimited(await send(usher.public, userRequest({ headers: headers('203.0.113.2') })));
  });
});

describe('refused requests behind a trusted proxy', () => {
  const usher = useUsher({ RATE_LIMIT_FAILURES: '1', TRUSTED_PROXIES: '127.0.0.0/8' });
  const from = (address: string) =>
    send(usher.public, userRequest({ headers: { ...bad, 'x-forwarded-for': address } }));

  it('count for the client that the proxy names, for IPv6 for its /64', async () => {
    expect((await from('203.0.113.1')).status).toBe(401);
    expect((await from('203.0.113.2')).status).toBe(401);
    expectLimited(await from('203.0.113.1'));
    // Entries further left were sent by the client itself.
    expectLimited(await from('198.51.100.9, 203.0.113.2'));
    expect((await from('2001:db8:0:1::1')).status).toBe(401);
    expectLimited(await from('2001:db8:0:1:ffff::2'));
    expect((await from('2001:db8:0:2::1')).status).toBe(401);
  });
});

describe('requests for a WebSocket that are not a handshake', () => {
  const usher = useUsher({ RATE_LIMIT_FAILURES: '2' });

  it('count as refused requests, so that many of them do not fill the log or the table', async () => {
    const request = { path: '/ws', method: 'GET', headers: { origin: allowedOrigin } };
    expect((await send(usher.public, request)).status).toBe(426);
    expect((await send(usher.public, request)).status).toBe(426);
    const { status, body } = await send(usher.public, request);
    expect([status, body]).toMatchObject([429, { message: 'Too many refused requests' }]);
    expect((await send(usher.public, userRequest())).status).toBe(200);
    const { rows } = await withClient(usher.database, (client) =>
      client.query('SELECT action, code, failed_check FROM audit_log WHERE outcome = $1', [
        'refusal',
      ]),
    );
    const row = {
      action: 'redeem-ticket',
      code: 'malformed-request',
      failed_check: expect.stringContaining('a proxy removed its Upgrade') as unknown,
    };
    expect(rows).toEqual([row, row]);
  });
});
