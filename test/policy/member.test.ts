import { describe, expect, it } from 'vitest';

import {
  applicationMemberAt,
  memberAt as memberWith,
  noMember,
  toUserId,
} from '../../src/policy/member.ts';
import type { Member } from '../../src/policy/decision.ts';

/** The member at a server of this limit; Pusher's is 128. */
const memberAt = (member: Member, maxLength = 128) =>
  memberWith(member, toUserId(member.user_id, maxLength));
const limits = { name: 'member data is within Pusher’s limits', code: 'not-allowed' };

/** A member whose JSON text has exactly this many bytes. */
function ofBytes(bytes: number, character = 'x') {
  const around = Buffer.byteLength('{"user_id":"15","user_info":{"name":""}}');
  const name = character.repeat((bytes - around) / Buffer.byteLength(character));
  return { user_id: '15', user_info: { name } };
}

const fits = (member: Member) => memberAt(member).checks.every(({ passed }) => passed);

describe('memberAt', () => {
  it('does not change a member with an id that the server accepts', () => {
    const member = { user_id: '15', user_info: { name: 'Ada' } };
    expect(memberAt(member)).toStrictEqual({
      member,
      checks: [{ ...limits, passed: true }],
    });
  });

  it('maps only the id, and records the original one', () => {
    const member = { user_id: 'auth0|15', user_info: { id: 'auth0|15', name: 'Ada' } };
    expect(memberAt(member)).toStrictEqual({
      member: { ...member, user_id: '=;auth0=7C15' },
      checks: [
        { name: 'user id at the Pusher server is =;auth0=7C15', code: 'not-allowed', passed: true },
        { ...limits, passed: true },
      ],
    });
  });

  it('maps an id of an application as well, and does not change a number', () => {
    const named = (user_id: string | number) =>
      applicationMemberAt(
        { user_id: String(user_id), data: { user_id } },
        toUserId(String(user_id), 128),
      );
    expect(named('auth0|15')).toStrictEqual({
      member: { user_id: 'auth0|15', data: { user_id: '=;auth0=7C15' } },
      checks: [
        { name: 'user id at the Pusher server is =;auth0=7C15', code: 'not-allowed', passed: true },
        { ...limits, passed: true },
      ],
    });
    expect(named(15)).toStrictEqual({
      member: { user_id: '15', data: { user_id: 15 } },
      checks: [{ ...limits, passed: true }],
    });
  });

  it('returns nothing without a member', () => {
    expect(noMember).toStrictEqual({
      member: undefined,
      checks: [{ ...limits, passed: true }],
    });
  });

  it.each(['', 'a\uD800'])('refuses the id %j, which no server can have', (user_id) => {
    expect(memberAt({ user_id })).toStrictEqual({
      member: undefined,
      checks: [{ ...limits, passed: false }],
    });
  });

  it('counts bytes of the whole JSON text, not characters', () => {
    expect(fits(ofBytes(1024))).toBe(true);
    expect(fits(ofBytes(1025))).toBe(false);
    expect(fits(ofBytes(1024, 'é'))).toBe(true);
    expect(fits(ofBytes(1026, 'é'))).toBe(false);
  });

  it('checks the length of the mapped id, which the server receives', () => {
    expect(fits({ ...ofBytes(1024), user_id: '||' })).toBe(false);
    expect(fits({ ...ofBytes(1018), user_id: '||' })).toBe(true);
  });

  it('does not measure the rest of an id that is longer than the limit of Pusher', () => {
    const { user_info } = ofBytes(800);
    const [long, large] = [{ user_id: 'x'.repeat(1000), user_info }, ofBytes(1025)];
    expect(memberAt(long, 1024)).toStrictEqual({
      member: long,
      checks: [{ ...limits, passed: true }],
    });
    expect(memberAt({ ...large, user_id: long.user_id }, 1024).checks).toStrictEqual([
      { ...limits, passed: false },
    ]);
  });
});
