import { describe, expect, it } from 'vitest';
import { createPassportReader, findAccessTokenFault } from '../../src/authn/passport.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';

const user = { id: '15', tokenId: 'a' };
const row = { id: 'a', userId: '15', isRevoked: false, expiresAt: null };
const now = () => 1_000;

describe('the check of a Passport token', () => {
  it.each([
    ['accepts a row without an expiry', row, undefined],
    ['accepts a row that expires later', { ...row, expiresAt: 1_001 }, undefined],
    ['refuses a row that expires now', { ...row, expiresAt: 1_000 }, 'credential-expired'],
    ['refuses a row whose expiry is no time', { ...row, expiresAt: NaN }, 'credential-expired'],
    ['refuses a revoked row', { ...row, isRevoked: true }, 'credential-rejected'],
    ['refuses a missing row', undefined, 'credential-rejected'],
  ])('%s', async (_name, found, fault) => {
    const find = () => Promise.resolve(found);
    expect((await findAccessTokenFault(user, { find, now }))?.fault).toBe(fault);
  });

  it('refuses a user without a jti, and sends no query', async () => {
    const find = () => Promise.reject(new Unavailable('host database'));
    expect(await findAccessTokenFault({ id: '15', tokenId: undefined }, { find, now })).toEqual({
      fault: 'credential-rejected',
      detail:
        'claim jti is a printable text of 1 to 255 characters or a whole number from 0 to 2^53 − 1',
    });
    await expect(findAccessTokenFault(user, { find, now })).rejects.toBeInstanceOf(Unavailable);
  });
});

describe('a JWT beside Passport', () => {
  const readerAfter = (fault: 'credential-rejected' | 'credential-expired') =>
    createPassportReader({
      verifier: { verify: () => Promise.resolve({ fault, detail: 'as the test wants' }) },
      find: () => Promise.resolve(row),
      now,
      otherwise: () => Promise.resolve({ fault: 'credential-not-configured' }),
    });

  it('is read by the other reader if Passport did not sign it', async () => {
    expect(await readerAfter('credential-rejected')('a.b.c')).toHaveProperty(
      'fault',
      'credential-not-configured',
    );
    expect(await readerAfter('credential-expired')('a.b.c')).toHaveProperty(
      'fault',
      'credential-expired',
    );
  });
});
