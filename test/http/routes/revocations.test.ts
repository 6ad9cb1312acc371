import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { withClient } from '../../support/database.ts';
import { testNow, testSeconds } from '../../support/tokens.ts';
import { guestToken, startUsher, useUsher, userToken } from '../../support/usher.ts';
import { send, guestRequest, userRequest } from '../requests.ts';
import type { TestRequest } from '../requests.ts';

const revokes = (body: unknown, type = 'application/json'): TestRequest => ({
  path: '/revocations',
  headers: { 'content-type': type },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const at = (time: number) => new Date(time).toISOString();
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

const fieldsOfRevocations = Object.fromEntries(
  ['user_id', 'tenant_id', 'guest_session_id', 'token_id', 'hotel_slug', 'booking_id'].map(
    (name) => [name, expect.objectContaining({ type: 'string' })],
  ),
);

describe('POST /revocations', () => {
  const usher = useUsher();
  afterEach(() => {
    usher.clock.now = testNow;
  });
  const refuse = { effect: 'new-authorizations-refused' };
  const stay = { effect: 'pusher-connections-stay', server: 'pusher', which: 'not signed in' };
  const ofUsers = [
    refuse,
    { effect: 'tickets-refused' },
    { effect: 'websockets-closed', connections: 0 },
    stay,
  ];

  it.each([
    [{ user_id: 'u' }, ofUsers],
    [{ user_id: 'u', tenant_id: 't' }, ofUsers],
    [{ tenant_id: 'another' }, ofUsers],
    [{ token_id: 'j' }, ofUsers],
    [{ hotel_slug: 'grand-hotel', booking_id: 'BK-9' }, [refuse, stay]],
    [{ guest_session_id: 's' }, [refuse, stay]],
    [{ user_id: 'züri "\\🛎️' }, ofUsers],
  ])('revokes %j as of now, and returns the effects', async (subject, effects) => {
    const response = await send(usher.operator, revokes(subject));
    expect(response.status).toBe(200);
    expect(response.body).toEqual({ revoked: subject, issued_before: at(testNow), effects });
  });

  it('accepts a time, and returns the effective one', async () => {
    const subject = { user_id: 'moments' };
    const responses = [];
    for (const issued_before of [
      '2025-06-01T13:00:00.5+02:00',
      '2025-05-01T00:00:00Z',
      at(testNow + 60_000),
    ]) {
      responses.push((await send(usher.operator, revokes({ ...subject, issued_before }))).body);
    }
    expect(responses).toMatchObject([
      { issued_before: '2025-06-01T11:00:00.500Z' },
      { issued_before: '2025-06-01T11:00:00.500Z' },
      { issued_before: at(testNow + 60_000) },
    ]);
  });

  const whom =
    'Name exactly one of user_id (with or without tenant_id), tenant_id, hotel_slug with booking_id, guest_session_id, token_id';
  const zone = 'issued_before must be a time with its zone such as 2025-12-31T11:00:00Z';
  it.each<[unknown, string]>([
    [{}, whom],
    [{ issued_before: at(testNow) }, whom],
    [{ hotel_slug: 'h' }, whom],
    [{ booking_id: 'b' }, whom],
    [{ hotel_slug: 'h', booking_id: 'b', user_id: 'u' }, whom],
    [{ hotel_slug: 'h', user_id: 'u' }, whom],
    [{ token_id: 'j', user_id: 'u' }, whom],
    [{ token_id: 'j', tenant_id: 't' }, whom],
    [{ token_id: 'j', guest_session_id: 's' }, whom],
    [{ user_id: 'u', issued_before: 'yesterday' }, zone],
    [{ user_id: 'u', issued_before: '2025-06-01' }, zone],
    [{ user_id: 'u', issued_before: '2025-06-01T11:00:00' }, zone],
    [{ user_id: 'u', issued_before: '2025-02-30T11:00:00Z' }, zone],
    [{ user_id: 'u', issued_before: '' }, 'issued_before is required'],
    [{ user_id: 'u', issued_before: at(testNow + 60_001) }, 'issued_before lies in the future'],
    [{ user_id: 15 }, 'user_id must be a text'],
    [{ user_id: null }, 'user_id is required'],
    [{ user_id: 'u', tenant_id: '' }, 'tenant_id is required'],
    [{ user_id: 'u', tenant_id: null }, 'tenant_id is required'],
    [{ user: 'u' }, 'body must NOT have additional properties: "user"'],
    [{ user_id: 'u', tenant: 't' }, 'body must NOT have additional properties: "tenant"'],
    ['{"__proto__":"u"}', 'body must NOT have additional properties: "__proto__"'],
    ['[]', 'The body must be a JSON object'],
    ['{"user_id":"u","user_id":"v"}', 'user_id is repeated'],
  ])('refuses %j', async (body, message) => {
    const response = await send(usher.operator, revokes(body));
    expect([response.status, response.body]).toMatchObject([
      400,
      { error: 'Bad Request', message },
    ]);
  });

  it.each(['', 'a\u0000b', 'a\u200bb', '\ud800', 'x'.repeat(256)])(
    'refuses the id %j, which no credential can have',
    async (user_id) => {
      expect((await send(usher.operator, revokes({ user_id }))).status).toBe(400);
    },
  );

  it('revokes nothing in a refused request', async () => {
    const count = () =>
      withClient(usher.database, async (client) => {
        const { rows } = await client.query<{ n: number }>(
          'SELECT count(*)::int AS n FROM revocations',
        );
        return rows[0]?.n;
      });
    const before = await count();
    await send(usher.operator, revokes({ user_id: 'nobody-yet', issued_before: 'now' }));
    expect(await count()).toBe(before);
  });

  it('has its fields in OpenAPI, where the operator’s page reads them', async () => {
    const { body } = await send(usher.operator, { method: 'GET', path: '/docs' });
    expect(body).toMatchObject({
      paths: {
        '/revocations': {
          post: {
            requestBody: {
              content: { 'application/json': { schema: { properties: fieldsOfRevocations } } },
            },
          },
        },
      },
    });
  });

  it('is available only on the operator’s port', async () => {
    expect((await send(usher.public, revokes({ user_id: 'u' }))).status).toBe(404);
  });

  it('affects earlier credentials from the next decision on, and no others', async () => {
    const token = (changes: object) => bearer(userToken({ sub: 'leaver', ...changes }));
    const channel = { fields: { channel_name: 'private-tenant.1.user.leaver' } };
    const statusFor = async (changes: object) =>
      (await send(usher.public, userRequest({ ...token(changes), ...channel }))).status;
    usher.clock.now = testNow + 5_000;
    expect(await statusFor({})).toBe(200);
    await send(usher.operator, revokes({ user_id: 'leaver', issued_before: at(testNow + 1_000) }));
    expect(await statusFor({})).toBe(401);
    expect(await statusFor({ iat: testSeconds + 0.999 })).toBe(401);
    expect(await statusFor({ iat: testSeconds + 1 })).toBe(200);
    expect((await send(usher.public, userRequest())).status).toBe(200);
  });

  it('affects a user in one tenant and not in the other', async () => {
    const requestWith = (tenant: string) =>
      userRequest({
        headers: {
          authorization: `Bearer ${userToken({ sub: 'both', tenant_id: tenant })}`,
          'x-tenant-id': tenant,
        },
        fields: { channel_name: `private-tenant.${tenant}.user.both` },
      });
    const issued_before = at(testNow + 1);
    await send(usher.operator, revokes({ user_id: 'both', tenant_id: '1', issued_before }));
    expect((await send(usher.public, requestWith('1'))).status).toBe(401);
    expect((await send(usher.public, requestWith('2'))).status).toBe(200);
    await send(usher.operator, revokes({ user_id: 'both', issued_before }));
    expect((await send(usher.public, requestWith('2'))).status).toBe(401);
  });

  it('affects the guest of a booking, who gets the error text of the hotel chat', async () => {
    const request = guestRequest({ fields: { token: guestToken() } });
    expect((await send(usher.public, request)).status).toBe(200);
    const booking = { hotel_slug: 'grand-hotel', booking_id: 'BK-2025-ABC123' };
    const issued_before = at(testNow + 1);
    await send(usher.operator, revokes({ ...booking, issued_before }));
    const response = await send(usher.public, request);
    expect([response.status, response.text]).toStrictEqual([
      403,
      '{"error":"Forbidden","message":"Token expired or invalid"}',
    ]);
  });

  it('grants nothing while revocations cannot be read, and reports a failed revocation', async () => {
    const rename = (from: string, to: string) =>
      withClient(usher.database, (client) => client.query(`ALTER TABLE ${from} RENAME TO ${to}`));
    await rename('revocations', 'elsewhere');
    try {
      expect((await send(usher.public, userRequest())).status).toBe(503);
      expect((await send(usher.operator, revokes({ user_id: '15' }))).status).toBe(503);
    } finally {
      await rename('elsewhere', 'revocations');
    }
  });
});

describe('POST /revocations after a reload', () => {
  const partnerSecret = 'a secret of the partner, 32 bytes';
  const policyOf = (field: string) => `version: 1
issuers:
  partner:
    issuer: partner
    audience: [chat]
    keys: { secret: { env: PARTNER_SECRET } }
    kind: partner
    attributes: { shop: { claim: shop, type: string } }
    id: [shop]
    revocations: { shop: { ${field}: shop } }
channels:
  private-news: { about: partners, allow: { partner: { partner has a shop: partner.shop != '' } } }
`;

  it('accepts the fields of the current policy', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-revocations-'));
    const file = join(directory, 'policy.yaml');
    await writeFile(file, policyOf('shop_id'));
    const usher = await startUsher({ POLICY: directory, PARTNER_SECRET: partnerSecret });
    const statusOf = async (field: string) =>
      (await send(usher.operator, revokes({ [field]: '7' }))).status;
    expect([await statusOf('shop_id'), await statusOf('store_id')]).toEqual([200, 400]);
    await writeFile(file, policyOf('store_id'));
    await send(usher.operator, { path: '/policy/reload', headers: {}, body: '' });
    expect([await statusOf('shop_id'), await statusOf('store_id')]).toEqual([400, 200]);
    await usher.stop();
    await rm(directory, { recursive: true });
  });
});
