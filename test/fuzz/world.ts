import { guestClaims, hmacToken, userClaims, type JsonObject } from '../support/tokens.ts';
import type { Caller } from '../support/oracle.ts';

/** The Pusher app of a service that is fuzzed, and its other secrets. */
export const fuzzed = {
  app: { key: 'fuzz-key', secret: 'fuzz-pusher-secret' },
  guestSecret: 'guests-9Rw4mT2bVx7Kq1Zd8Yc5-usher-fuzz',
  userSecret: '5Qk2vW8xTz1rJm7cYb4nHd9fLg6pSa3e-usher-fuzz',
  chatSecret: 'chat-7Yk2mQx9Lr4Vt6Wz8Bn3-usher-fuzz',
} as const;

/** Credentials of a caller: a bearer token and a tenant, or a guest's token. */
export interface CallerCredentials {
  readonly token: string;
  readonly tenant: string;
}

/** Credentials that are valid at this time, in milliseconds since the epoch, and for an hour. */
export function credentialsAt(now: number): Readonly<Record<Caller, CallerCredentials>> {
  const iat = Math.floor(now / 1000);
  const life = { iat, exp: iat + 3600 };
  const user = (tenant: string, claims: JsonObject) => ({
    token: hmacToken(userClaims({ ...life, ...claims, tenant_id: tenant }), {}, fuzzed.userSecret),
    tenant,
  });
  return {
    nobody: { token: '', tenant: '1' },
    'user 15 of tenant 1': user('1', { name: 'Ada' }),
    'user 16 of tenant 1': user('1', { sub: '16' }),
    'user 17 of tenant 1': user('1', { sub: 17 }),
    'admin of tenant 1': user('1', { sub: '99', roles: ['admin'] }),
    'user 15 of tenant 2': user('2', {}),
    'guest of the hotel': {
      token: hmacToken(guestClaims(life), {}, fuzzed.guestSecret),
      tenant: '1',
    },
  };
}

/** Texts that no log may contain: every secret, and the part of each token without which the token is useless. */
export function secretsOf(
  credentials: Readonly<Record<Caller, CallerCredentials>>,
): readonly string[] {
  const signatures = Object.values(credentials).map(({ token }) => token.split('.')[2] ?? '');
  const { app, guestSecret, userSecret, chatSecret } = fuzzed;
  return [
    ...signatures.filter((text) => text !== ''),
    app.secret,
    guestSecret,
    userSecret,
    chatSecret,
  ];
}
