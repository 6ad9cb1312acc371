import { beforeAll, describe, expect, it } from 'vitest';
import type { RefusalCode } from '../../../src/policy/decision.ts';
import { withClient } from '../../support/database.ts';
import { testNow } from '../../support/tokens.ts';
import { allowedOrigin, useUsher } from '../../support/usher.ts';
import { send } from '../requests.ts';
import type { TestResponse, TestRequest } from '../requests.ts';
import { cancelled, revokedToken, scenarios } from './refusal-scenarios.ts';

const words: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
};

const rows = Object.entries(scenarios).flatMap(([code, scenario]) =>
  'nowhere' in scenario
    ? []
    : Object.entries(scenario).map(([route, refused]) => ({ code, route, refused })),
);

describe('each refusal', () => {
  const usher = useUsher();
  const fromPage = (request: TestRequest): TestRequest => ({
    ...request,
    headers: { ...request.headers, origin: allowedOrigin },
  });
  const recorded = async (response: TestResponse): Promise<unknown[]> => {
    const id = response.headers.get('x-decision-id');
    const found = await withClient(usher.database, (client) =>
      client.query<{ code: RefusalCode }>(
        'SELECT outcome, code, request_id FROM audit_log WHERE decision_id = $1',
        [id],
      ),
    );
    return found.rows;
  };

  beforeAll(async () => {
    const path = `/resources/hotels/grand-hotel/bookings/${cancelled}`;
    const headers = { 'content-type': 'application/json' };
    const body = '{"status":"cancelled"}';
    const put = await send(usher.operator, { method: 'PUT', path, headers, body });
    expect(put.status).toBe(200);
    const revocation = JSON.stringify({
      token_id: revokedToken,
      issued_before: new Date(testNow + 1).toISOString(),
    });
    const revoked = await send(usher.operator, { path: '/revocations', headers, body: revocation });
    expect(revoked.status).toBe(200);
  });

  it.each(rows)('$code on the $route route', async ({ code, route, refused }) => {
    const [request, status, message] = refused;
    const response = await send(usher.public, fromPage(request));
    const requestId = response.headers.get('x-request-id');
    const error = words[status];
    const body = route === 'hotel' ? { error, message } : { error, message, request_id: requestId };
    expect([response.status, response.text]).toStrictEqual([status, JSON.stringify(body)]);
    expect(await recorded(response)).toStrictEqual([
      { outcome: 'refusal', code, request_id: requestId },
    ]);
    expect(response.headers.get('access-control-allow-origin')).toBe(allowedOrigin);
    expect(response.headers.get('access-control-expose-headers')).toContain('X-Decision-Id');
    expect(response.headers.get('vary')).toMatch(/origin/i);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});
