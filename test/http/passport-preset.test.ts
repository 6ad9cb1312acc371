import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  describeTokenApplications,
  type TokenApplication,
} from '../support/laravel-token-applications.ts';
import { keyToken, testSeconds, type JsonObject } from '../support/tokens.ts';
import { startUsher, type TestUsher } from '../support/usher.ts';
import { send, userRequest } from './requests.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const jti = 'e1'.repeat(40);
const year = 366 * 24 * 3600;

const tokenOf = (claims: JsonObject = {}): string =>
  keyToken(
    {
      aud: '3',
      jti,
      iat: testSeconds,
      nbf: testSeconds,
      exp: testSeconds + year,
      sub: '15',
      scopes: ['orders'],
      email: 'ada@shop.example',
      ...claims,
    },
    { alg: 'RS256', typ: 'JWT' },
    privateKey,
  );

const issuer = `version: 1
issuers:
  shop:
    preset: passport
    keys: { public_key: { file: KEY } }
    audience: ['3']
`;
const users = `${issuer}
channels:
  private-inbox-{id}:
    about: the inbox of a user
    params: { id: id }
    allow:
      user: { user has the inbox: user.id == params.id }
  private-orders-{tenant}:
    about: users of the tenant who may read orders
    params: { tenant: id }
    tenant: tenant
    allow:
      user: { user may read orders: '"orders" in user.scopes' }
`;
const partners = `${issuer}    kind: partner
    claims: { id: email }
channels:
  private-mail:
    about: partners with an address
    allow:
      partner: { partner is ada: partner.id == "ada@shop.example" }
routes:
  /mail/auth:
    about: the channels of partners
    credential: { kind: partner, field: token }
`;

/** An Usher with this policy, and with the database of a Laravel application. */
function useUsher(host: TokenApplication, policy: string, settings: object): () => TestUsher {
  let directory: string;
  let usher: TestUsher;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-passport-'));
    const key = join(directory, 'oauth-public.key');
    await writeFile(key, pem);
    await writeFile(join(directory, 'policy.yaml'), policy.replace('KEY', key));
    usher = await startUsher({
      POLICY: directory,
      PASSPORT_DATABASE_URL: host.url.reveal(),
      ...settings,
    });
  });
  afterAll(async () => {
    await usher.stop();
    await rm(directory, { recursive: true });
  });
  return () => usher;
}

function itChecks(host: TokenApplication): void {
  const row = {
    id: jti,
    user_id: '15',
    client_id: 3,
    name: null,
    scopes: '["orders"]',
    revoked: false,
    expires_at: null,
  };
  const put = (changes: object = {}) => host.put('oauth_access_tokens', [{ ...row, ...changes }]);
  beforeEach(() => put());

  describe('by an issuer of users', () => {
    const usher = useUsher(host, users, { PASSPORT_TENANT: '7' });

    const enter = async (channel: string, token: string, tenant = '7') => {
      const headers = { authorization: `Bearer ${token}`, 'x-tenant-id': tenant };
      const request = userRequest({ fields: { channel_name: channel }, headers });
      const response = await send(usher().public, request);
      const id = response.headers.get('x-decision-id');
      const found = await fetch(`${usher().operator}/decisions/${id}`);
      const { checks } = (await found.json()) as { checks?: { name: string; passed: boolean }[] };
      return [response.status, checks?.find(({ passed }) => !passed)?.name];
    };

    it('is accepted with its scopes, and with the tenant of the host', async () => {
      expect(await enter('private-inbox-15', tokenOf())).toEqual([200, undefined]);
      expect(await enter('private-orders-7', tokenOf())).toEqual([200, undefined]);
      expect((await enter('private-orders-8', tokenOf(), '8'))[0]).toBe(403);
    });

    it.each([
      ['was revoked', { revoked: true }, 'row of the token in oauth_access_tokens is not revoked'],
      ['was deleted', { id: 'e2'.repeat(40) }, 'token has a row in oauth_access_tokens'],
      [
        'belongs to another user',
        { user_id: '16' },
        'user_id of the token in oauth_access_tokens is its sub',
      ],
      [
        'belongs to a client',
        { user_id: null },
        'user_id of the token in oauth_access_tokens is its sub',
      ],
    ])('is refused immediately after its row %s', async (_name, changes, check) => {
      // The signature is in the cache now.
      expect((await enter('private-inbox-15', tokenOf()))[0]).toBe(200);
      await put(changes);
      expect(await enter('private-inbox-15', tokenOf())).toEqual([401, `issuer shop: ${check}`]);
    });

    it('is refused without a jti', async () => {
      const [status, check] = await enter('private-inbox-15', tokenOf({ jti: undefined }));
      expect([status, check]).toEqual([401, expect.stringMatching(/^issuer shop: claim jti is /)]);
    });

    it('gets 503 while the table cannot be read', async () => {
      expect((await enter('private-inbox-15', tokenOf()))[0]).toBe(200);
      await host.run('ALTER TABLE oauth_access_tokens RENAME TO hidden');
      try {
        expect((await enter('private-inbox-15', tokenOf()))[0]).toBe(503);
      } finally {
        await host.run('ALTER TABLE hidden RENAME TO oauth_access_tokens');
      }
    });
  });

  describe('by an issuer of another kind, whose id is another claim, at a route', () => {
    const usher = useUsher(host, partners, {});

    const enter = async () => {
      const fields = { socket_id: '1.2', channel_name: 'private-mail', token: tokenOf() };
      const body = new URLSearchParams(fields);
      return (await fetch(`${usher().public}/mail/auth`, { method: 'POST', body })).status;
    };

    it('is refused after its row was revoked', async () => {
      expect(await enter()).toBe(200);
      await put({ revoked: true });
      expect(await enter()).toBe(401);
      await put({ user_id: '16' });
      expect(await enter()).toBe(401);
    });
  });
}

describe('a token of the preset passport', () => {
  describeTokenApplications('with a database', { keys: 'bigint' }, itChecks);

  describeTokenApplications('and settings', { keys: 'bigint' }, (host) => {
    it('do not start with a database that no issuer uses', async () => {
      const starting = startUsher({ PASSPORT_DATABASE_URL: host.url.reveal() });
      await expect(starting).rejects.toThrow(
        'PASSPORT_DATABASE_URL has no effect: set PASSPORT_PUBLIC_KEY, or declare an issuer with the preset passport',
      );
    });
  });
});
