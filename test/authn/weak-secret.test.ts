import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { secretWeakness } from '../../src/authn/weak-secret.ts';

describe('weakSecret', () => {
  it.each([
    ['', 'shorter'],
    ['Zc8Qe1Vw5Rt9Yu3Io7Pa2Sd6Fg0Hj4K', 'shorter'],
    ['a'.repeat(64), 'different'],
    ['abcabcabcabcabcabcabcabcabcabcabcabc', 'different'],
    ['secret12secret12secret12secret12', 'different'],
  ])('refuses %j: %s', (text, reason) => {
    expect(secretWeakness(text)).toContain(reason);
  });

  it.each([
    'Zc8Qe1Vw5Rt9Yu3Io7Pa2Sd6Fg0Hj4Kl',
    'guest-token-secret-key-9f86d081884c7d659a2feaa0c55ad015',
    'ÄÖÜßäöüéèêñçøåæœ',
  ])('accepts %j', (text) => {
    expect(secretWeakness(text)).toBeUndefined();
  });

  it.each(['hex', 'base64', 'base64url'] as const)('accepts 32 random bytes as %s', (encoding) => {
    for (let i = 0; i < 2000; i += 1) {
      expect(secretWeakness(randomBytes(32).toString(encoding))).toBeUndefined();
    }
  });

  it('never repeats the text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12 }), (text) => {
        expect(secretWeakness(text) ?? '').not.toContain(text);
      }),
    );
  });
});
