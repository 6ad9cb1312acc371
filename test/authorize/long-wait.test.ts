import { expect, it } from 'vitest';
import { escrow, noon } from '../policies/principals.ts';
import { authorizing, request, verdict } from './authorizing.ts';

it.each([
  [1_000, 'revoked'],
  [999, 'grant'],
])(
  'revocations are read again if facts took long: after %i ms the decision is %s',
  async (ms, expected) => {
    let now = noon;
    const { authorizeChannel } = authorizing({
      now: () => now,
      find: () => {
        now += ms;
        return Promise.resolve(escrow());
      },
      // All users are revoked while the fact is being read.
      revocations: { latest: () => Promise.resolve(now === noon ? undefined : now) },
    });
    expect(verdict(await authorizeChannel(request()))).toBe(expected);
  },
);
