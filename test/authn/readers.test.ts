import { describe, expect, it } from 'vitest';
import { createIdentify } from '../../src/authn/credential.ts';
import { mintToken } from '../../src/authn/jwt/mint.ts';
import { createTokenKeys } from '../../src/authn/token-issuers.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import {
  guestClaims,
  hmacToken,
  testNow,
  testSeconds,
  testSecret,
  userClaims,
} from '../support/tokens.ts';
import { createOnlyReader } from './jwt/verifier.ts';
import { refused } from './refused.ts';
import { guestTokenClaims, userTokenClaims } from '../support/shipped-policy.ts';
import type { JsonObject } from '../support/tokens.ts';

const now = () => testNow;
const keys = createTokenKeys({ secret: testSecret }, { now, fetch });
const only = { keys, now };
/** The reader of guest tokens with the names of claims that these settings select. */
const guestReader = (settings: Readonly<Record<string, string>> = {}) =>
  createOnlyReader(only, guestTokenClaims(settings));
const readGuest = guestReader();
const readUser = createOnlyReader(only, userTokenClaims);

const guest = (changes: JsonObject = {}) => readGuest(hmacToken(guestClaims(changes)));
const user = (changes: JsonObject = {}) => readUser(hmacToken(userClaims(changes)));

const rejected = refused('credential-rejected');
const manyRoles = (count: number) => Array.from({ length: count }, (_, i) => `r${i}`);
const life = { issuedAt: testNow, expiresAt: testNow + 3_600_000 };

describe('a guest token', () => {
  it('authenticates a guest', async () => {
    const [hotel, booking] = ['grand-hotel', 'BK-2025-ABC123'];
    const principal = {
      kind: 'guest',
      id: `${hotel}/${booking}`,
      roles: [],
      attributes: { hotel, booking },
      subjects: [['booking', hotel, booking]],
    };
    expect(await guest()).toEqual({ principal: { ...principal, ...life } });
    expect(await guest({ jti: 't-1' })).toEqual({
      principal: { ...principal, ...life, tokenId: 't-1' },
    });
  });

  it('may have other claim names', async () => {
    const read = guestReader({ GUEST_TOKEN_BOOKING_CLAIM: 'b', GUEST_TOKEN_HOTEL_CLAIM: 'h' });
    const text = hmacToken(guestClaims({ b: 'B1', h: 'H1' }));
    expect(await read(text)).toMatchObject({
      principal: { attributes: { booking: 'B1', hotel: 'H1' } },
    });
  });

  it.each(['booking_id', 'hotel_slug'])('needs %s, a text of 1 to 128 characters', async (name) => {
    expect(await guest({ [name]: 'x'.repeat(128) })).toHaveProperty('principal');
    const wrong = [
      undefined,
      null,
      '',
      7,
      true,
      ['a'],
      { a: 1 },
      'x'.repeat(129),
      'a\nb',
      '\u202E',
    ];
    for (const value of wrong) {
      expect(await guest({ [name]: value })).toEqual(rejected);
    }
  });

  it.each([true, '', 'x'.repeat(256), ['t-1']])('leaves out the token id %j', async (jti) => {
    expect(await guest({ jti })).toMatchObject({
      principal: { attributes: { hotel: 'grand-hotel' }, tokenId: undefined },
      notes: [expect.stringContaining('cannot be revoked by its id')],
    });
  });

  it('may have nested claims', async () => {
    const shipped = guestTokenClaims();
    const claims = { hotel: ['org', 'hotel.slug'], booking: ['org', 'stay', 'id'] };
    const nested = shipped.attributes.map((each) => {
      return { ...each, claim: claims[each.name as keyof typeof claims] };
    });
    const issuer = { ...shipped, attributes: nested };
    const read = createOnlyReader(only, issuer);
    const org = { 'hotel.slug': 'H1', stay: { id: 'B1' } };
    expect(await read(hmacToken(guestClaims({ org })))).toMatchObject({
      principal: { attributes: { hotel: 'H1', booking: 'B1' } },
    });
    for (const other of ['B1', [{ id: 'B1' }], {}, null, { id: { id: 'B1' } }]) {
      const text = hmacToken(guestClaims({ org: { ...org, stay: other } }));
      expect(await read(text)).toMatchObject({
        detail: expect.stringContaining('claim org → stay → id is') as unknown,
      });
    }
    const signing = { secret: testSecret, lifetimeMs: 60_000, now };
    const attributes = { hotel: 'H1', booking: 'B1' };
    const minted = await mintToken({ attributes }, issuer, signing);
    expect(await read(minted)).toMatchObject({ principal: { attributes } });
  });

  it('does not read a claim from the object prototype', async () => {
    const read = guestReader({
      GUEST_TOKEN_BOOKING_CLAIM: '__proto__',
      GUEST_TOKEN_HOTEL_CLAIM: 'constructor',
    });
    expect(await read(hmacToken(guestClaims()))).toEqual(rejected);
  });

  it('is not a bearer token, nor the reverse', async () => {
    expect(await readUser(hmacToken(guestClaims()))).toEqual(rejected);
    expect(await readGuest(hmacToken(userClaims()))).toEqual(rejected);
  });

  it('keeps the faults of the verifier', async () => {
    expect(await guest({ exp: 1 })).toEqual(refused('credential-expired'));
    expect(await readGuest('no token')).toEqual(refused('credential-malformed'));
  });
});

describe('a bearer token', () => {
  it('authenticates a user', async () => {
    const all = { roles: ['admin', 'staff'], role: 'owner', jti: 't-1', name: 'Ada' };
    expect(await user(all)).toEqual({
      principal: {
        kind: 'user',
        id: '15',
        tenantId: '1',
        roles: ['admin', 'staff', 'owner'],
        name: 'Ada',
        tokenId: 't-1',
        ...life,
      },
    });
  });

  it('needs only a subject and an expiry', async () => {
    const absent = { tenant_id: undefined, iat: undefined };
    expect(await user(absent)).toEqual({
      principal: { kind: 'user', id: '15', roles: [], expiresAt: life.expiresAt },
    });
  });

  it('treats null as absent, but not as the subject', async () => {
    const nothing = { tenant_id: null, roles: null, role: null, jti: null, name: null };
    expect(await user(nothing)).toEqual({
      principal: { kind: 'user', id: '15', roles: [], ...life },
    });
    expect(await user({ sub: null })).toEqual(rejected);
  });

  it.each([
    [15, '15'],
    [0, '0'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    ['auth0|abc', 'auth0|abc'],
    ['Zoë Ångström', 'Zoë Ångström'],
  ])('reads the subject and the tenant %j as %j', async (written, read) => {
    expect(await user({ sub: written, tenant_id: written })).toMatchObject({
      principal: { id: read, tenantId: read },
    });
  });

  it.each([
    ['empty', ''],
    ['negative', -1],
    ['a fraction', 1.5],
    ['beyond the safe integers', Number.MAX_SAFE_INTEGER + 1],
    ['true', true],
    ['a list', ['15']],
    ['an object', { id: '15' }],
    ['with a null byte', '15\0'],
    ['with a newline', '15\n'],
    ['with a line separator', '1\u2028'],
    ['with an invisible character', '1\u200B5'],
    ['an unpaired surrogate', '\uD800'],
    ['too long', 'x'.repeat(256)],
  ])('refuses a subject that is %s, and leaves out such a tenant', async (_name, value) => {
    expect(await user({ sub: value })).toEqual(rejected);
    const read = await user({ tenant_id: value });
    expect(read).toMatchObject({ principal: { id: '15', tenantId: undefined } });
    expect(read).toHaveProperty('notes', [
      expect.stringMatching(/without its tenant: claim tenant_id is a printable .*: found an? /),
    ]);
  });

  it.each<[string, unknown, readonly string[] | undefined]>([
    ['a text with spaces', 'openid  chat.read ', ['openid', 'chat.read']],
    ['a text longer than an attribute', `${'a'.repeat(100)} ${'b'.repeat(100)}`, undefined],
    ['a list', ['openid', 'chat read'], ['openid', 'chat read']],
    ['an empty text', '', []],
  ])('reads scopes: %s', async (_name, scope, list = String(scope).split(' ')) => {
    const attribute = { name: 'scopes', type: 'list(string)', isRequired: false } as const;
    const read = (name: 'scope' | 'scp') =>
      createOnlyReader(only, {
        ...userTokenClaims,
        claims: { ...userTokenClaims.claims, roles: [[name]] },
        attributes: [{ ...attribute, claim: [name] }],
      })(hmacToken(userClaims({ [name]: scope })));
    const principal = { roles: list, attributes: { scopes: list } };
    for (const name of ['scope', 'scp'] as const)
      expect(await read(name)).toMatchObject({ principal });
  });

  it('reads a text with spaces in another claim as one value', async () => {
    const attribute = { name: 'teams', claim: ['teams'], type: 'list(string)' } as const;
    const read = createOnlyReader(only, {
      ...userTokenClaims,
      attributes: [{ ...attribute, isRequired: false }],
    });
    expect(await read(hmacToken(userClaims({ teams: 'Team A' })))).toMatchObject({
      principal: { attributes: { teams: ['Team A'] } },
    });
  });

  it.each<[string, JsonObject, readonly string[]]>([
    ['a single role', { role: 'admin' }, ['admin']],
    ['each role once', { roles: ['admin', 'admin'], role: 'admin' }, ['admin']],
    ['roles as one text', { roles: 'Super Admin' }, ['Super Admin']],
    ['a list as the role', { role: ['admin'] }, ['admin']],
    [
      'objects with the name of a role',
      { roles: [{ id: 1, name: 'admin' }, { name: 'staff' }] },
      ['admin', 'staff'],
    ],
    ['256 roles', { roles: manyRoles(256) }, manyRoles(256)],
  ])('reads %s', async (_name, claims, roles) => {
    const result = await user(claims);
    expect(result).toMatchObject({ principal: { roles } });
    expect(result).not.toHaveProperty('notes');
  });

  it.each<[string, JsonObject, readonly string[]]>([
    ['an object with other names', { roles: { admin: true } }, []],
    ['a nested list', { roles: [['admin'], 'staff'] }, ['staff']],
    ['a number in the list', { roles: ['admin', 1] }, ['admin']],
    ['null in the list', { roles: [null, 'admin'] }, ['admin']],
    ['an empty role', { roles: ['', 'admin'] }, ['admin']],
    ['a role with an invisible character', { roles: ['admin\u200B'] }, []],
    ['true as the role', { role: true, roles: ['admin'] }, ['admin']],
    ['a role that is too long', { role: 'x'.repeat(129), roles: ['admin'] }, ['admin']],
    ['too many roles', { roles: manyRoles(300) }, manyRoles(256)],
    ['an object whose name is not a text', { roles: [{ name: { name: 'admin' } }] }, []],
    ['an object without a name', { roles: [{ id: 1 }, []] }, []],
  ])('leaves out only the roles that cannot be read: %s', async (_name, claims, roles) => {
    expect(await user(claims)).toEqual({
      principal: expect.objectContaining({ id: '15', roles }) as unknown,
      notes: [expect.stringContaining('without some of its roles')],
    });
  });

  it.each<[string, JsonObject, string]>([
    ['a token id that is a boolean', { jti: true }, 'cannot be revoked by its id'],
    ['a token id that is a list', { jti: ['a'] }, 'cannot be revoked by its id'],
    ['an empty token id', { jti: '' }, 'cannot be revoked by its id'],
    ['a long token id', { jti: 'x'.repeat(256) }, 'cannot be revoked by its id'],
    ['a name that is a number', { name: 7 }, 'without its name'],
    ['a name that is an object', { name: { first: 'Ada' } }, 'without its name'],
  ])('is accepted without %s', async (_name, changes, note) => {
    const result = await user(changes);
    expect(result).toMatchObject({
      principal: { id: '15', tokenId: undefined, name: undefined },
      notes: [expect.stringContaining(note)],
    });
  });

  it('accepts a token id that is a number', async () => {
    expect(await user({ jti: 7 })).toMatchObject({ principal: { tokenId: '7' } });
  });

  it('accepts any other claims', async () => {
    const odd = { sub_id: null, email: 7, permissions: { a: [[{}]] }, __proto__: 1, scopes: '' };
    expect(await user(odd)).toMatchObject({ principal: { id: '15' } });
  });

  it.each<[string, JsonObject, string]>([
    [
      'a list as the subject',
      { sub: ['15'] },
      'claim sub is a printable text of 1 to 255 characters or a whole number from 0 to 2^53 − 1: found a list',
    ],
    ['a missing subject', { sub: undefined }, ': found nothing'],
    [
      'a text as exp',
      { exp: '2030-01-01' },
      'claim exp is a time in seconds since 1970: found a text',
    ],
    ['an exp in the past', { exp: 1 }, 'claim exp is in the future'],
    ['an iat in the future', { iat: testSeconds + 31 }, 'claim iat is at most 30 s in the future'],
  ])('reports the expected and the actual type of %s', async (_name, changes, detail) => {
    expect(await user(changes)).toEqual({
      fault: expect.stringMatching(/^credential-(rejected|expired)$/) as unknown,
      detail: expect.stringContaining(detail) as unknown,
    });
  });

  it('shortens a name to 100 code points, and never within one', async () => {
    const name = await nameOf('👩'.repeat(150));
    expect(name).toBe('👩'.repeat(100));
    expect(await nameOf(`${'x'.repeat(99)}👩y`)).toBe(`${'x'.repeat(99)}👩`);
  });

  it('limits the size of a name in JSON, for any characters', async () => {
    for (const character of ['\0', '\uD800', '👩', '"', '\u2028']) {
      const name = await nameOf(character.repeat(200));
      expect(Buffer.byteLength(JSON.stringify(name))).toBeLessThanOrEqual(402);
    }
    expect(await nameOf('a\uDC00b\nc')).toBe('a\uFFFDb\uFFFDc');
  });

  async function nameOf(written: string): Promise<string | undefined> {
    const result = await user({ name: written });
    return 'principal' in result && result.principal.kind === 'user'
      ? result.principal.name
      : undefined;
  }
});

describe('identify', () => {
  const text = new Secret(hmacToken(guestClaims()));

  it('passes each kind to its own reader', async () => {
    const identify = createIdentify({ 'guest-token': readGuest, bearer: readUser });
    expect(await identify({ kind: 'guest-token', text })).toMatchObject({
      principal: { kind: 'guest' },
    });
    expect(await identify({ kind: 'bearer', text })).toEqual(rejected);
  });

  it('refuses a kind without a reader, and does not try another', async () => {
    const identify = createIdentify({ 'guest-token': readGuest });
    const missing = { fault: 'credential-not-configured' };
    expect(await identify({ kind: 'bearer', text })).toEqual(missing);
    expect(await createIdentify({})({ kind: 'guest-token', text })).toEqual(missing);
  });

  it('passes on an outage', async () => {
    const identify = createIdentify({
      bearer: () => Promise.reject(new Unavailable('token keys')),
    });
    await expect(identify({ kind: 'bearer', text })).rejects.toBeInstanceOf(Unavailable);
  });
});
