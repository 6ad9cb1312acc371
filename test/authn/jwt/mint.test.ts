import { describe, expect, it } from 'vitest';
import { mintToken } from '../../../src/authn/jwt/mint.ts';
import { createTokenKeys } from '../../../src/authn/token-issuers.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import { guestTokenClaims, userTokenClaims } from '../../support/shipped-policy.ts';
import { testNow, testSecret } from '../../support/tokens.ts';
import { createOnlyReader } from './verifier.ts';

// Between two seconds, so that rounding shows.
const now = () => testNow + 999;
const hour = 3_600_000;
const issuer = guestTokenClaims();
const origin = { issuer: 'https://host.example', audience: 'usher' };
const keys = createTokenKeys({ secret: testSecret }, { now, fetch });
const only = { keys, now, maxAgeMs: hour, ...origin };
const signing = { secret: testSecret, now, lifetimeMs: hour, ...origin };

describe('minted tokens', () => {
  it('of guests are accepted by the reader of guest tokens', async () => {
    const guest = { attributes: { hotel: 'grand-hotel', booking: 'BK-1' }, tokenId: 't-1' };
    const token = await mintToken(guest, issuer, signing);
    const read = createOnlyReader(only, issuer);
    expect(await read(token)).toEqual({
      principal: {
        kind: 'guest',
        id: 'grand-hotel/BK-1',
        roles: [],
        ...guest,
        subjects: [['booking', 'grand-hotel', 'BK-1']],
        issuedAt: testNow,
        expiresAt: testNow + hour,
      },
    });
  });

  it('of users are accepted by the reader of user tokens', async () => {
    const user = { id: '15', tenantId: '1', roles: ['admin'], name: 'Ada', tokenId: 't-2' };
    const token = await mintToken(user, userTokenClaims, signing);
    expect(await createOnlyReader(only, userTokenClaims)(token)).toEqual({
      principal: { kind: 'user', ...user, issuedAt: testNow, expiresAt: testNow + hour },
    });
  });

  it('omit unknown values', async () => {
    const token = await mintToken({ id: '15' }, userTokenClaims, {
      secret: testSecret,
      now,
      lifetimeMs: hour,
    });
    const payload = Buffer.from(token.split('.')[1]!, 'base64url').toString();
    expect(Object.keys(JSON.parse(payload) as object)).toEqual(['sub', 'iat', 'exp']);
  });

  it('need a strong secret', async () => {
    const weak = { ...signing, secret: new Secret('secret') };
    await expect(mintToken({ id: '15' }, userTokenClaims, weak)).rejects.toThrow(
      'shorter than 32 bytes',
    );
  });
});
