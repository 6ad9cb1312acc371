import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { createDjangoSessionReader } from '../../../src/authn/django/django-session.ts';
import { readSignedText, saltedKeys } from '../../../src/authn/django/django-signature.ts';
import { createSanctumReader, firstAcceptedBearer } from '../../../src/authn/sanctum.ts';
import { createTokenKeys } from '../../../src/authn/token-issuers.ts';
import { hashGuestSessionToken } from '../../../src/authn/guest-session.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import { parseTicket } from '../../../src/authorize/tickets/ticket.ts';
import { parseTicketMessage } from '../../../src/websocket/ticket-messages.ts';
import { djangoFixtures, settingsOf } from '../../support/django-vectors.ts';
import { guestClaims, hmacToken, testNow, testSecret, userClaims } from '../../support/tokens.ts';
import { guestTokenClaims, userTokenClaims } from '../../support/shipped-policy.ts';
import { createOnlyReader } from '../../authn/jwt/verifier.ts';
import { textNear } from '../mutations.ts';
import { defineTarget } from '../target.ts';

const now = () => testNow;
const only = {
  keys: createTokenKeys({ secret: testSecret }, { now, fetch }),
  now,
  maxAgeMs: 3_600_000,
};
const sanctum = createSanctumReader({
  tokens: { byId: () => Promise.resolve(undefined), byHash: () => Promise.resolve(undefined) },
  tokenableType: 'App\\Models\\User',
  now,
});
const readBearer = firstAcceptedBearer(createOnlyReader(only, userTokenClaims), sanctum);
const readGuest = createOnlyReader(only, guestTokenClaims());

const tokens = [hmacToken(userClaims()), hmacToken(userClaims({ roles: ['admin'], jti: 'a' }))];
const guests = [hmacToken(guestClaims())];

/** Every modified token must be refused. */
const onlyThese = (good: readonly string[], read: (text: string) => Promise<object>) => {
  return async (text: string) => {
    assert.equal('principal' in (await read(text)), good.includes(text));
  };
};

const signedPayload = textNear(
  JSON.stringify(userClaims({ roles: ['a'], name: 'N', nbf: 1 })),
  JSON.stringify(userClaims({ sub: 15, tenant_id: null, jti: 'x' })),
).map((payload) => {
  const input = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  const mac = createHmac('sha256', testSecret.reveal()).update(input).digest('base64url');
  return { payload: Buffer.from(payload).toString(), token: `${input}.${mac}` };
});

const djangoCases = djangoFixtures
  .flatMap(({ cases }) => cases)
  .filter(
    ({ django_says, settings }) =>
      django_says.ok && settings.SESSION_ENGINE.endsWith('signed_cookies'),
  )
  .slice(0, 20);
const djangoText = fc
  .constantFrom(...djangoCases)
  .chain((one) => textNear(one.cookie).map((cookie) => ({ one, cookie })));

const ticket = `ws_ticket_${'0a'.repeat(32)}`;
const secretKey = new Secret('django-secret-key-of-tests');
const signed = (body: string) => {
  const keys = saltedKeys('saltsigner', [secretKey]);
  const mac = createHmac('sha256', keys[0]!).update(`${body}:1uLh8w`).digest('base64url');
  return `${body}:1uLh8w:${mac}`;
};
const sessions = ['eyJhIjoxfQ', '.eJyrVkpUslIyVKoFAA', 'a:b'].map(signed);

export const credentialTargets = [
  defineTarget({
    name: 'bearer tokens',
    input: textNear(...tokens),
    holds: onlyThese(tokens, readBearer),
  }),
  defineTarget({
    name: 'guest tokens',
    input: textNear(...guests),
    holds: onlyThese(guests, readGuest),
  }),
  defineTarget({
    name: 'signed claims',
    input: signedPayload,
    holds: async ({ payload, token }) => {
      const read = await readBearer(token);
      if ('fault' in read) return;
      const claims = JSON.parse(payload) as Readonly<Record<string, unknown>>;
      const { principal } = read;
      assert.ok(principal.kind === 'user');
      assert.equal(principal.id, String(claims['sub']));
      const tenant = claims['tenant_id'] as string | number | null | undefined;
      assert.equal(principal.tenantId, tenant == null ? undefined : String(tenant));
      assert.ok(typeof claims['exp'] === 'number' && claims['exp'] * 1000 > testNow);
      assert.ok(typeof claims['iat'] === 'number' && claims['exp'] - claims['iat'] <= 3600);
      for (const role of principal.roles) {
        assert.ok([claims['roles'], claims['role']].flat().includes(role));
      }
    },
  }),
  defineTarget({
    name: 'Django cookies',
    input: djangoText,
    holds: async ({ one, cookie }) => {
      const database = {
        session: () => Promise.resolve(undefined),
        user: (id: string) => {
          const row = one.rows.auth_user.find((user) => String(user.id) === id);
          if (row === undefined) return Promise.resolve(undefined);
          const { username, password, is_active: isActive, is_staff: isStaff } = row;
          return Promise.resolve({
            id,
            username,
            password,
            isActive,
            isStaff,
            isSuperuser: row.is_superuser,
          });
        },
      };
      const read = createDjangoSessionReader(settingsOf(one), {
        database,
        now: () => one.now * 1000,
      });
      if ('fault' in (await read(cookie))) return;
      assert.ok([one.cookie, `"${one.cookie}"`, one.cookie.slice(1, -1)].includes(cookie));
    },
  }),
  defineTarget({
    name: 'Django signatures',
    input: textNear(...sessions),
    holds: (text) => {
      const read = readSignedText(text, saltedKeys('saltsigner', [secretKey]));
      assert.equal(read !== undefined, sessions.includes(text));
    },
  }),
  defineTarget({
    name: 'tickets and guest sessions',
    input: textNear(ticket, `guest_${'0a'.repeat(32)}`, ticket.toUpperCase()),
    holds: (text) => {
      const isHex = (digits: string) =>
        digits.length === 64 && Array.from(digits).every((c) => '0123456789abcdef'.includes(c));
      const isTicket = text.startsWith('ws_ticket_') && isHex(text.slice(10));
      assert.equal(parseTicket(text)?.reveal(), isTicket ? text : undefined);
      const isGuest = text.startsWith('guest_') && isHex(text.slice(6));
      assert.equal(hashGuestSessionToken(text) !== undefined, isGuest);
    },
  }),
  defineTarget({
    name: 'first messages of WebSockets',
    input: fc.tuple(
      textNear(
        JSON.stringify({ type: 'ticket_authenticate', ticket, clientInfo: {} }),
        '[]',
        'null',
      ),
      fc.boolean(),
    ),
    holds: ([text, isBinary]) => {
      const read = parseTicketMessage({ data: Buffer.from(text), isBinary });
      if (read === undefined) return;
      assert.ok(!isBinary);
      const message = JSON.parse(Buffer.from(text).toString()) as Readonly<Record<string, unknown>>;
      assert.deepEqual([message['type'], message['ticket']], ['ticket_authenticate', read]);
    },
  }),
];
