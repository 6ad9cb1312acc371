import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

async function enter(channel: string, text: string, tenant?: string) {
  const named = { 'x-tenant-id': tenant ?? '', authorization: `Bearer ${text}` };
  const asking = userRequest({ fields: { channel_name: channel }, headers: named });
  const { status } = await send(usher.public, asking);
  return status;
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
  it('enters', async () => {
    expect(await enter('private-tenant.7', token(), '7')).toBe(200);
    expect(await enter('private-tenant.8', token(), '7')).toBe(403);
    expect(await enter('private-desk-sales', token(), '7')).toBe(200);
    expect(await enter('private-desk-it', token(), '7')).toBe(403);
    expect(await enter('private-partner-a', partnerToken())).toBe(200);
    expect(await enter('private-partner-c', partnerToken())).toBe(403);
    expect(await enter('private-news', partnerToken())).toBe(403);
    expect(await enter('private-news', userToken({ tenant_id: undefined }))).toBe(200);
  });
});
