import { describe, expect, it } from 'vitest';

import { memberFits } from '../../src/policy/member.ts';

/** A member whose JSON text has exactly this many bytes. */
function ofBytes(bytes: number, character = 'x') {
  const around = Buffer.byteLength('{"user_id":"15","user_info":{"name":""}}');
  const name = character.repeat((bytes - around) / Buffer.byteLength(character));
  return { user_id: '15', user_info: { name } };
}

describe('memberFits', () => {
  it.each(['a', '15', 'guest_BK-2025-ABC123', 'a=b@c,d.e;f-G_9', 'x'.repeat(128)])(
    'takes the user id %s',
    (user_id) => {
      expect(memberFits({ user_id })).toBe(true);
    },
  );

  it.each(['', 'x'.repeat(129), 'a b', 'a:b', 'a/b', 'auth0|15', 'é', '15\n', '15\u0000'])(
    'refuses the user id %j',
    (user_id) => {
      expect(memberFits({ user_id })).toBe(false);
    },
  );

  it('counts bytes of the whole JSON text, not characters', () => {
    expect(memberFits(ofBytes(1024))).toBe(true);
    expect(memberFits(ofBytes(1025))).toBe(false);
    expect(memberFits(ofBytes(1024, 'é'))).toBe(true);
    expect(memberFits(ofBytes(1026, 'é'))).toBe(false);
  });
});
