import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startIdentityProvider, type IdentityProvider } from '../authn/jwt/identity-provider.ts';
import { hmacToken, keyToken, testSeconds, type JsonObject } from '../support/tokens.ts';
import { startUsher, userToken, type TestUsher } from '../support/usher.ts';
import { send, userRequest } from './requests.ts';

const partnerSecret = 'partner-7Hn2kQ9wLx4Rt6Ys1Vb8-usher-tests';

const channels = `
channels:
  private-news:
    about: every user
    allow:
      user: { user has an id: "user.id != ''" }
  private-desk-{department}:
    about: the department
    params: { department: id }
    allow:
      user:
        user is of the department: user.department == params.department
  private-high:
    about: high levels
    allow:
      user: { level is high: has(user.level) && user.level > 3 }
  private-tenant.{tenant}:
    about: a tenant
    params: { tenant: id }
    tenant: tenant
    allow:
      user: { user is of the tenant: user.tenant == params.tenant }
  private-partner-{shop}:
    about: a partner
    params: { shop: id }
    allow:
      partner: { partner has the shop: params.shop in partner.shops }
routes:
  /shops/{shop}/auth:
    credential: { kind: partner, field: token }
    pins: { shop: shop }
    only: ['private-partner-{shop}']
`;

let idp: IdentityProvider;
let directory: string;
let usher: TestUsher;

const policyOf = (issuers: string) => `version: 1\nissuers:\n${issuers}${channels}`;

const keycloak = (url: string) => `
  keycloak:
    issuer: ${url}
    keys: discover
    audience: [account, chat]
    require: { typ: Bearer }
    kind: user
    claims:
      { id: sub, roles: [realm_access, roles], tenant: 'https://shop.example/tenant', name: name }
    attributes:
      department: { claim: [org, department], type: string }
      level: { claim: level, type: int }
    max_age: 1h
`;
const partner = `
  partner:
    issuer: partner
    keys: { secret: { env: PARTNER_SECRET } }
    audience: [usher]
    kind: partner
    attributes: { shops: { claim: shops, type: list(string) } }
`;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = (key: KeyObject, more: object) => ({ ...key.export({ format: 'jwk' }), ...more });

const claims = (changes: JsonObject = {}): JsonObject => ({
  iss: idp.issuer,
  aud: 'chat',
  typ: 'Bearer',
  sub: 'f:1:ada',
  iat: testSeconds,
  exp: testSeconds + 600,
  'https://shop.example/tenant': 7,
  realm_access: { roles: ['editor'] },
  org: { department: 'sales' },
  ...changes,
});
const token = (changes: JsonObject = {}) =>
  keyToken(claims(changes), { alg: 'RS256', kid: 'k' }, rsa.privateKey);
const partnerToken = (changes: JsonObject = {}) =>
  hmacToken(
    {
      iss: 'partner',
      aud: 'usher',
      sub: 'p1',
      shops: ['a', 'b'],
      iat: testSeconds,
      exp: testSeconds + 600,
      ...changes,
    },
    {},
    partnerSecret,
  );

async function sendRequest(channel: string, text: string, tenant?: string) {
  const named = { 'x-tenant-id': tenant ?? '', authorization: `Bearer ${text}` };
  return send(usher.public, userRequest({ fields: { channel_name: channel }, headers: named }));
}

const enter = async (...request: Parameters<typeof sendRequest>) =>
  (await sendRequest(...request)).status;

/** The checks of a decision, which the client does not receive. */
async function checksOf(...request: Parameters<typeof sendRequest>): Promise<readonly string[]> {
  const { headers } = await sendRequest(...request);
  const id = headers.get('x-decision-id');
  const response = await fetch(`${usher.operator}/decisions/${id}`);
  const { checks } = (await response.json()) as { checks: { name: string }[] };
  return checks.map(({ name }) => name);
}

async function reload(text: string) {
  await writeFile(join(directory, 'policy.yaml'), text);
  const response = await fetch(`${usher.operator}/policy/reload`, { method: 'POST' });
  return { status: response.status, text: await response.text() };
}

beforeAll(async () => {
  idp = await startIdentityProvider();
  idp.serve({ keys: [jwk(rsa.publicKey, { kid: 'k', alg: 'RS256' })] });
  directory = await mkdtemp(join(tmpdir(), 'usher-issuers-'));
  await writeFile(join(directory, 'policy.yaml'), policyOf(keycloak(idp.issuer) + partner));
  usher = await startUsher({ POLICY: directory, PARTNER_SECRET: partnerSecret });
});
afterAll(async () => {
  await usher.stop();
  await idp.close();
  await rm(directory, { recursive: true });
});

describe('a token of an issuer of the policy', () => {
  it('is accepted', async () => {
    expect(await enter('private-tenant.7', token(), '7')).toBe(200);
    expect(await enter('private-tenant.8', token(), '7')).toBe(403);
    expect(await enter('private-desk-sales', token(), '7')).toBe(200);
    expect(await enter('private-desk-it', token(), '7')).toBe(403);
    expect(await enter('private-partner-a', partnerToken())).toBe(200);
    expect(await enter('private-partner-c', partnerToken())).toBe(403);
    expect(await enter('private-news', partnerToken())).toBe(403);
    expect(await enter('private-news', userToken({ tenant_id: undefined }))).toBe(200);
  });

  it('is accepted at a route of the policy only for its kind', async () => {
    const at = async (text: string) => {
      const fields = { socket_id: '1.2', channel_name: 'private-partner-a', token: text };
      const body = new URLSearchParams(fields);
      return (await fetch(`${usher.public}/shops/a/auth`, { method: 'POST', body })).status;
    };
    expect(await at(partnerToken())).toBe(200);
    expect(await at(partnerToken({ shops: ['b'] }))).toBe(403);
    expect(await at(token())).toBe(401);
    expect(await at(userToken())).toBe(401);
  });

  it('may contain invalid claims, which affects only the rules that read them', async () => {
    const odd = { name: 7, jti: {}, realm_access: 'x', org: [], level: '9' };
    const named = { 'https://shop.example/tenant': undefined };
    expect(await enter('private-news', token({ ...odd, ...named }))).toBe(200);
    expect(await enter('private-desk-sales', token({ ...odd, ...named }))).toBe(403);
    expect(await enter('private-high', token({ ...named, level: 4 }))).toBe(200);
    expect(await enter('private-high', token({ ...named, level: '4' }))).toBe(403);
    expect(await enter('private-high', token({ ...named, level: 3 }))).toBe(403);
    const tenant = { 'https://shop.example/tenant': ['7'] };
    expect(await enter('private-news', token(tenant))).toBe(200);
    expect(await enter('private-tenant.7', token(tenant), '7')).toBe(403);
  });

  it.each<[string, JsonObject, string]>([
    [
      'another audience',
      { aud: 'other' },
      'issuer keycloak: claim aud is or contains the configured audience: found a text',
    ],
    [
      'no audience',
      { aud: undefined },
      'issuer keycloak: claim aud is or contains the configured audience: found nothing',
    ],
    [
      'another type',
      { typ: 'ID' },
      'issuer keycloak: claim typ is the required value: found a text',
    ],
    [
      'no id',
      { sub: ['a'] },
      'issuer keycloak: claim sub is a printable text of 1 to 255 characters or a whole number from 0 to 2^53 − 1: found a list',
    ],
    [
      'a long lifetime',
      { exp: testSeconds + 3601 },
      'issuer keycloak: claim exp is at most 3600 s after iat',
    ],
    [
      'an expiry in the past',
      { exp: testSeconds - 1 },
      'issuer keycloak: claim exp is in the future',
    ],
  ])(
    'with %s is refused, and the audit log has the exact reason',
    async (_case, changes, reason) => {
      expect(await enter('private-news', token(changes))).toBe(401);
      expect(await checksOf('private-news', token(changes))).toEqual([reason]);
    },
  );

  it('that was accepted without some claims has a note of them', async () => {
    const changes = { level: 'high', 'https://shop.example/tenant': { id: 7 } };
    expect(await checksOf('private-high', token(changes))).toEqual(
      expect.arrayContaining([
        'token is accepted without its level: claim level is a whole number: found a text',
        'token is accepted without its tenant: claim https://shop.example/tenant is a printable text of 1 to 255 characters or a whole number from 0 to 2^53 − 1: found an object',
      ]),
    );
  });
});

describe('a changed policy', () => {
  const current = () => policyOf(keycloak(idp.issuer) + partner);
  afterEach(async () => {
    expect((await reload(current())).status).toBe(200);
  });

  it('applies changed issuers immediately, and keeps the keys of unchanged ones', async () => {
    expect(await enter('private-tenant.7', token(), '7')).toBe(200);
    const before = idp.requests('/keys');
    const later = partner.replace('issuer: partner', 'issuer: partner-2');
    expect((await reload(policyOf(keycloak(idp.issuer) + later))).status).toBe(200);
    expect(await enter('private-partner-a', partnerToken())).toBe(401);
    expect(await enter('private-partner-a', partnerToken({ iss: 'partner-2' }))).toBe(200);
    expect(await enter('private-tenant.7', token(), '7')).toBe(200);
    // Another claim needs no other keys.
    const renamed = keycloak(idp.issuer).replace('[org, department]', 'desk');
    expect((await reload(policyOf(renamed + later))).status).toBe(200);
    expect(await enter('private-desk-it', token({ desk: 'it' }), '7')).toBe(200);
    expect(idp.requests('/keys')).toBe(before);
    expect((await reload(policyOf(keycloak(`${idp.issuer}/other`) + later))).status).toBe(200);
    expect(await enter('private-tenant.7', token(), '7')).toBe(401);
  });

  it.each([
    ['PARTNER_SECRET', 'NOT_SET', 'the issuer partner: the variable NOT_SET is not set'],
    [
      '{ env: PARTNER_SECRET }',
      '{ file: /nowhere }',
      'the file /nowhere cannot be read, or is empty',
    ],
    [
      'secret: { env',
      'public_key: { env',
      'the variable PARTNER_SECRET must be a public key in PEM',
    ],
    [
      '    issuer: partner\n',
      '',
      'has no `issuer`, and the same kind of key as the USER_TOKEN_… settings, without USER_TOKEN_ISSUER: a token would fit both',
    ],
  ])('with a problem has no effect: %s → %s', async (before, after, problem) => {
    const changed = current().replace(before, after);
    const { status, text } = await reload(changed);
    expect([status, text]).toEqual([422, expect.stringContaining(problem)]);
    expect(text).not.toContain(partnerSecret);
    expect(await enter('private-partner-a', partnerToken())).toBe(200);
  });
});
