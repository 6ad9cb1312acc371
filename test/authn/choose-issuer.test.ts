import { expect, it } from 'vitest';
import { createTokenChoice } from '../../src/authn/choose-issuer.ts';
import type { TokenIssuer } from '../../src/authn/token-issuers.ts';
import { hmacToken, type JsonObject } from '../support/tokens.ts';

const named = issuer({ name: 'keycloak', issuer: 'https://id.example/realms/shop' });
const withSecret = issuer({ name: 'user_token', isSymmetric: true });
const withKeys = issuer({ name: 'other' });

function issuer(changes: Partial<TokenIssuer>): TokenIssuer {
  return {
    name: '',
    keys: { find: () => Promise.resolve([]) },
    audience: [],
    require: [],
    isSymmetric: false,
    isDefault: false,
    principal: { kind: 'user', id: [], claims: { roles: [] }, attributes: [], revocations: [] },
    ...changes,
  };
}

const slash = { iss: 'https://id.example/realms/shop/' };

it.each([
  { of: [withSecret, named], claims: { iss: named.issuer }, alg: 'RS256', chosen: 'keycloak' },
  { of: [withSecret, withKeys], claims: {}, alg: 'ES256', chosen: 'other' },
  { of: [withSecret], claims: {}, alg: 'RS256', chosen: 'user_token' },
  { of: [withSecret, named], claims: slash, alg: 'HS256', chosen: 'user_token' },
])('chooses $chosen for $alg with $claims', ({ of, claims, alg, chosen }) => {
  const found = createTokenChoice(of).choose(hmacToken(claims, { alg }), alg);
  expect(found).toMatchObject({ name: chosen });
});

it.each<[string, JsonObject, string]>([
  ['a slash at the end', slash, 'claim iss is exactly that of the issuer keycloak: found'],
  ['another iss', { iss: 'a' }, 'claim iss is the configured issuer: found a text'],
  ['no iss', {}, 'claim iss is the configured issuer: found nothing'],
])(
  'says of %s that it is the fault, although another issuer has a secret',
  (_what, claims, why) => {
    const choice = createTokenChoice([withSecret, named]);
    expect(choice.choose(hmacToken(claims, { alg: 'RS256' }), 'RS256')).toMatchObject({
      detail: expect.stringContaining(why) as unknown,
    });
  },
);
