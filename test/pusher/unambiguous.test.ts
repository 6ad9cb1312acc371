import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Member } from '../../src/policy/decision.ts';
import { Secret } from '../../src/runtime/secret.ts';
import type { PusherDialect } from '../../src/pusher/dialects.ts';
import { createPusherApps } from '../../src/pusher/apps.ts';
import { createSigner, createUserSigner } from '../../src/pusher/sign.ts';
import { grantOf, type GrantParts, signInOf } from './grants.ts';
import { masterKey, settings } from './settings.ts';

// Few characters and short texts: two requests then often differ by one separator only, which is where a collision would be.
const textOf = (alphabet: string[], minLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength: 4 });
const text = textOf(['a', '1', '"', ':', ',', '\\', '\ud800', 'é'], 0);
const member: fc.Arbitrary<Member> = fc.oneof(
  fc.record({ user_id: text }),
  fc.record({ user_id: text, user_info: fc.dictionary(text, text, { maxKeys: 2 }) }),
);
const request = fc.record({
  socketId: fc.tuple(fc.nat(20), fc.nat(20)).map(([a, b]) => `${a}.${b}`),
  prefix: fc.constantFrom('private-', 'presence-', 'private-encrypted-'),
  body: textOf(['a', '1', '.', '-', '='], 1),
  member: fc.option(member, { nil: undefined }),
});
type GrantRequest = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** Two requests, of which one is often the other with one part replaced. */
const pair = fc
  .record({
    one: request,
    other: request,
    kept: fc.subarray(['socketId', 'prefix', 'body', 'member'] as const),
  })
  .map(({ one, other, kept }): [GrantParts, GrantParts] => [
    partsOf(one),
    partsOf({ ...other, ...Object.fromEntries(kept.map((key) => [key, one[key]])) }),
  ]);

function partsOf({ socketId, prefix, body, member }: GrantRequest): GrantParts {
  const member_ = member ?? (prefix === 'presence-' ? { user_id: '1' } : undefined);
  return { socketId, channelName: `${prefix}${body}`, ...(member_ && { member: member_ }) };
}

const appsOf = (dialect: PusherDialect) =>
  createPusherApps(settings({ dialect, encryptionMasterKey: new Secret(masterKey) }));
const runs = { numRuns: 2000 };

/** Equal signatures mean equal texts to sign: no collision of HMAC-SHA256 is known. */
describe('a signature is valid for one request only', () => {
  it.each(['pusher', 'reverb'] as const)('%s binds socket, channel and member', (dialect) => {
    const signer = createSigner(appsOf(dialect));
    // Reverb gets an empty user_info for a presence member without one.
    const signed = ({ member, ...parts }: GrantParts) => {
      const isFilled = dialect === 'reverb' && parts.channelName.startsWith('presence-');
      const filled = isFilled && member ? { user_info: {}, ...member } : member;
      return JSON.stringify({ ...parts, member: [filled?.user_id, filled?.user_info] });
    };
    fc.assert(
      fc.property(pair, ([one, other]) => {
        fc.pre(signed(one) !== signed(other));
        expect(signer.sign(grantOf(one)).auth).not.toBe(signer.sign(grantOf(other)).auth);
      }),
      runs,
    );
  });

  it('soketi binds them too, except the member of a channel that is not presence', () => {
    const signer = createSigner(appsOf('soketi'));
    // A member without user_info is the one with an empty user_info.
    const who = (member?: Member) => [member?.user_id, member?.user_info ?? {}];
    const bound = ({ socketId, channelName, member }: GrantParts) =>
      JSON.stringify([socketId, channelName, channelName.startsWith('presence-') && who(member)]);
    fc.assert(
      fc.property(pair, ([one, other]) => {
        fc.pre(bound(one) !== bound(other));
        expect(signer.sign(grantOf(one)).auth).not.toBe(signer.sign(grantOf(other)).auth);
      }),
      runs,
    );
  });

  it('a channel signature is never valid for a sign-in, whatever its name and data', () => {
    const signer = createSigner(appsOf('pusher'));
    const signUser = createUserSigner(appsOf('pusher'));
    fc.assert(
      fc.property(request, text, (requested, id) => {
        fc.pre(id !== '');
        const user = signUser(signInOf({ socketId: requested.socketId, member: { user_id: id } }));
        expect(user.auth).not.toBe(signer.sign(grantOf(partsOf(requested))).auth);
      }),
      runs,
    );
  });
});
