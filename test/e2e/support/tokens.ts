import {
  guestClaims,
  hmacToken,
  type JsonObject,
  segment,
  userClaims,
} from '../../support/tokens.ts';

/** The signer of a token, if it is not the expected one. */
export type Signing = { readonly secret: string } | 'nobody';

/** Creates a token that expires in an hour, with these changes of its claims. */
export type Mint = (changes?: JsonObject, by?: Signing) => string;

/** Makes tokens and keeps each of them, so that a log can be searched for them. */
export interface TokenMint {
  readonly guest: Mint;
  readonly user: Mint;
  readonly minted: () => readonly string[];
}

/** The time in whole seconds, as claims count it. */
export const secondsNow = () => Math.floor(Date.now() / 1000);

/** Creates the mint of hosts whose guests' and users' tokens are signed with these secrets. */
export function createTokenMint(secrets: Readonly<Record<'guest' | 'user', string>>): TokenMint {
  const minted: string[] = [];
  const mint =
    (claims: (changes: JsonObject) => JsonObject, secret: string): Mint =>
    (changes, by = { secret }) => {
      const iat = secondsNow();
      const payload = claims({ iat, exp: iat + 3600, ...changes });
      const token = by === 'nobody' ? unsignedToken(payload) : hmacToken(payload, {}, by.secret);
      minted.push(token);
      return token;
    };
  return {
    guest: mint(guestClaims, secrets.guest),
    user: mint(userClaims, secrets.user),
    minted: () => minted,
  };
}

/** An unsecured JWT (RFC 7519 §6). */
function unsignedToken(payload: JsonObject): string {
  return `${segment({ alg: 'none', typ: 'JWT' })}.${segment(payload)}.`;
}

/**
 * Which of these secrets are in a log, each shortened: a failing test must not print them.
 * A token counts by any of its segments, because half of one is enough to give away whose it is.
 */
export function leaksIn(log: string, secrets: readonly string[]): readonly string[] {
  const pieces = secrets.flatMap((secret) => secret.split('.')).filter(({ length }) => length > 12);
  return pieces.filter((piece) => log.includes(piece)).map((piece) => `${piece.slice(0, 12)}…`);
}
