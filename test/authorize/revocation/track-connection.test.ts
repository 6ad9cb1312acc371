import { expect, it } from 'vitest';
import { createTrackConnection } from '../../../src/authorize/revocation/track-connection.ts';
import type { PusherDialect } from '../../../src/pusher/dialects.ts';
import { terminatePolicyOf } from '../../../src/pusher/pusher-app.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { guest as hotelGuest } from '../../policies/principals.ts';
import { grantOf, signInOf } from '../../pusher/grants.ts';

const member = { user_id: '15' };
const signIn = signInOf({ socketId: '1.1', member });
const presence = grantOf({ socketId: '1.1', channelName: 'presence-a.1', member });
const channel = grantOf({ socketId: '1.1', channelName: 'private-a.1' });
const guest = { ...channel, principal: { ...hotelGuest(), expiresAt: 1 } };

/** An action that records what it tracks. */
function holding(
  dialect: PusherDialect,
  write: () => Promise<void> = () => Promise.resolve(),
  terminates = true,
) {
  const calls: string[] = [];
  let revokedBefore: number | undefined;
  const note = (what: string) => () => {
    calls.push(what);
    return write();
  };
  const revocations = {
    latest: () => {
      calls.push('revoked?');
      return Promise.resolve(revokedBefore);
    },
  };
  const hold = createTrackConnection({
    trackedConnections: { track: note('keep'), extend: note('extend') },
    appOf: () => ({
      key: 'app-key',
      dialect,
      terminatePolicy: terminatePolicyOf({ dialect, terminates }),
    }),
    now: () => 0,
  });
  return {
    hold: (grant: Parameters<typeof hold>[0]) => hold(grant, revocations),
    calls,
    revoke: () => (revokedBefore = 1),
  };
}

it.each([
  ['pusher', signIn, ['keep', 'revoked?']],
  ['soketi', signIn, ['keep', 'revoked?']],
  ['soketi', presence, ['extend']],
  ['soketi', channel, ['extend']],
  ['soketi', guest, []],
  ['sockudo', signIn, ['keep', 'revoked?']],
  ['sockudo', presence, ['extend']],
  ['reverb', signIn, ['extend']],
  ['reverb', presence, ['keep', 'revoked?']],
  ['reverb', channel, ['extend']],
  ['reverb', guest, []],
] as const)(
  'at %s tracks only connections that can be terminated',
  async (dialect, grant, expected) => {
    const { hold, calls } = holding(dialect);
    expect(await hold(grant)).toBe(grant);
    expect(calls).toEqual(expected);
  },
);

it.each(['pusher', 'soketi', 'reverb'] as const)(
  'at %s tracks nothing with PUSHER_TERMINATE=off',
  async (dialect) => {
    const { hold, calls } = holding(dialect, undefined, false);
    for (const grant of [signIn, presence, channel]) expect(await hold(grant)).toBe(grant);
    expect(calls).toEqual([]);
  },
);

it('does not write the same row again, but reads revocations again', async () => {
  const { hold, calls } = holding('pusher');
  for (const grant of [channel, signIn, channel, signIn]) await hold(grant);
  expect(calls).toEqual(['extend', 'keep', 'revoked?', 'revoked?']);
});

it('refuses a credential that was revoked while the row was written', async () => {
  const { hold, revoke } = holding('pusher');
  revoke();
  expect(await hold(signIn)).toMatchObject({ outcome: 'refusal', code: 'revoked', id: signIn.id });
});

it('rejects a grant that could not be tracked, and does not cache it as tracked', async () => {
  const { hold, calls } = holding('pusher', () => Promise.reject(new Unavailable('database')));
  await expect(hold(signIn)).rejects.toThrow(Unavailable);
  await expect(hold(signIn)).rejects.toThrow(Unavailable);
  expect(calls).toEqual(['keep', 'keep']);
});
