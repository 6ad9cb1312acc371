import { describe, expect, it } from 'vitest';
import { testNow } from '../../support/tokens.ts';
import { useUsher } from '../../support/usher.ts';
import { send, socketId, userRequest } from '../requests.ts';
import type { RequestOptions } from '../requests.ts';

const absent = '00000000-0000-4000-8000-000000000000';

const including = (item: object): unknown => expect.arrayContaining([item]);

describe('a decision, on the operator’s port', () => {
  const usher = useUsher();
  const read = (id: string) => send(usher.operator, { method: 'GET', path: `/decisions/${id}` });
  const decided = async (changes: RequestOptions = {}) => {
    const headers = { 'user-agent': 'a browser', ...changes.headers };
    const response = await send(usher.public, userRequest({ ...changes, headers }));
    const id = response.headers.get('x-decision-id') ?? '';
    return { id, requestId: response.headers.get('x-request-id'), decision: await read(id) };
  };

  it('is returned for a grant', async () => {
    const { id, requestId, decision } = await decided();
    expect(decision.status).toBe(200);
    expect(decision.body).toStrictEqual({
      decision_id: id,
      at: new Date(testNow).toISOString(),
      action: 'subscribe',
      outcome: 'grant',
      family: 'private-tenant.{tenantId}.user.{userId}',
      channel: 'private-tenant.1.user.15',
      socket_id: socketId,
      policy: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
      principal: { kind: 'user', id: '15' },
      tenant_id: '1',
      checks: including({ name: 'channel is the user’s own', passed: true }),
      signals: [],
      origin: { request_id: requestId, address: '127.0.0.1', user_agent: 'a browser' },
    });
  });

  it('is returned for a refusal, with the first failed check and its security events', async () => {
    const another = await decided({ fields: { channel_name: 'private-tenant.1.user.16' } });
    const failed = 'channel is the user’s own';
    expect(another.decision.body).toMatchObject({
      outcome: 'refusal',
      code: 'not-allowed',
      failed_check: failed,
      signals: [],
      checks: including({ name: failed, passed: false }),
    });
    const otherTenant = await decided({ fields: { channel_name: 'private-tenant.2.user.15' } });
    expect(otherTenant.decision.body).toMatchObject({
      outcome: 'refusal',
      code: 'tenant-mismatch',
      tenant_id: '2',
      signals: ['cross-tenant'],
    });
    const unauthenticated = await decided({ headers: { authorization: undefined } });
    expect(unauthenticated.decision.body).toMatchObject({ code: 'credential-missing' });
    expect(unauthenticated.decision.body).not.toHaveProperty('principal');
  });

  it('is not found by an unknown id; a value that is not an id is malformed', async () => {
    expect((await read(absent)).body).toMatchObject({
      error: 'Not Found',
      message: 'There is no such decision in the audit log',
    });
    for (const [id, status] of [
      [absent, 404],
      ['x', 400],
      [`${absent}0`, 400],
      ['%00', 400],
      [`${absent.slice(0, -1)}%27`, 400],
    ] as const) {
      expect([id, (await read(id)).status]).toEqual([id, status]);
    }
  });

  it('is not available on the public port', async () => {
    const { id } = await decided();
    const decision = await send(usher.public, { method: 'GET', path: `/decisions/${id}` });
    expect(decision.status).toBe(404);
  });
});

describe('a decision, behind the operator’s token', () => {
  const usher = useUsher({ OPS_TOKEN: 'a-token-of-sixteen-characters' });

  it('is found by its id', async () => {
    const path = `/decisions/${absent}`;
    const headers = { authorization: 'Bearer a-token-of-sixteen-characters' };
    expect((await send(usher.operator, { method: 'GET', path })).status).toBe(401);
    expect((await send(usher.operator, { method: 'GET', path, headers })).status).toBe(404);
  });
});
