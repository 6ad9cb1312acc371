import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fromUserId, isPathSegment, toUserId, userIdLimit } from '../../src/policy/member.ts';

const atPusher = (id: string) => toUserId(id, userIdLimit);

/** Ids of providers and of applications, and ids that resemble mapped ones. */
const ids = [
  ...['auth0|5f7c8ec7c33c6c004bbafe82', 'google-oauth2|108204268033311374519', 'a+b@c', 'user:15'],
  ...[
    'Ada Lovelace',
    ' ',
    '15 ',
    'José',
    '用户',
    '😀',
    'a/b',
    '../../x',
    'a?b',
    'a#b',
    '%7C',
    "o'x",
  ],
  ...[
    'a~b',
    '(*)!',
    'CN=Ann,O=Example',
    'spiffe://a.example/ns/x',
    '{"user_id":"admin"}',
    'a\u0000',
  ],
  ...[
    '.',
    '..',
    '=;',
    '=;a',
    '=;auth0=7C15',
    '=;=sha256=',
    '=;=3B',
    'é'.repeat(255),
    'x'.repeat(129),
  ],
];

describe('toUserId', () => {
  it.each([
    '15',
    'a',
    '=',
    '=a',
    ';=',
    'a=;b',
    '.a',
    '...',
    'a=7Cb',
    'a=b@c,d.e;f-G_9',
    'x'.repeat(128),
  ])('does not change %j, which every server accepts', (id) => {
    expect(atPusher(id)).toBe(id);
    expect(fromUserId(id)).toBe(id);
  });

  it.each([
    ['auth0|5f7c', '=;auth0=7C5f7c'],
    ['a+b@c', '=;a=2Bb=40c'],
    ['user:15', '=;user=3A15'],
    ['Ada Lovelace', '=;Ada=20Lovelace'],
    ['é~', '=;=C3=A9=7E'],
    ['..', '=;..'],
    ['=;a', '=;=3D=3Ba'],
    ["a!'()*", '=;a=21=27=28=29=2A'],
  ])('maps %j to %s', (id, userId) => {
    expect(atPusher(id)).toBe(userId);
    expect(fromUserId(userId)).toBe(id);
  });

  it('uses a hash for an id that would be too long', () => {
    const [fits, long] = ['|'.repeat(42), '|'.repeat(43)];
    expect(atPusher(fits)).toBe(`=;${'=7C'.repeat(42)}`);
    expect(atPusher(long)).toBe('=;=sha256=1hBD2Js1lVju2bmFlE5TdZUT-owgvobCSSxkBtBCakY');
    expect(fromUserId(atPusher(long)!)).toBe(atPusher(long));
    expect(toUserId(long, 1024)).toBe(`=;${'=7C'.repeat(43)}`);
  });

  it.each(['', '\uD800', 'a\uDC00b'])('has no user id for %j', (id) => {
    expect(atPusher(id)).toBe(undefined);
  });

  it.each([128, 1024])(
    'maps any two ids to two user ids that a server accepts: %i',
    (maxLength) => {
      const mapped = ids.map((id) => toUserId(id, maxLength)!);
      // Another user may have a mapped id as their own id.
      const again = mapped.map((id) => toUserId(id, maxLength)!);
      for (const userId of [...mapped, ...again]) {
        expect(isPathSegment(userId, maxLength)).toBe(true);
        expect(userId).toMatch(/^[A-Za-z0-9_\-=@,.;]+$/);
      }
      const both = [...new Set([...ids, ...mapped])];
      expect(new Set(both.map((id) => toUserId(id, maxLength))).size).toBe(both.length);
    },
  );

  it('is reversed by fromUserId, for every text', () => {
    const texts = fc.string({
      unit: fc.constantFrom(...Array.from('aZ09_-=@,.;|+: /%~é😀A7C3BD')),
    });
    fc.assert(
      fc.property(fc.oneof(texts, fc.string({ unit: 'grapheme' })), (id) => {
        const userId = toUserId(id, Infinity);
        fc.pre(userId !== undefined);
        expect(fromUserId(userId)).toBe(id);
        expect(isPathSegment(userId, Infinity)).toBe(true);
      }),
    );
  });
});

it.each(['=;a', '=;%7C', '=;=7c', '=;=', '=;=7', '=;=C3', '=;15', '=;=sha256=x', '=;a b', '=7C'])(
  'fromUserId does not change %j, which toUserId never returns',
  (userId) => {
    expect(fromUserId(userId)).toBe(userId);
  },
);

it.each(['', '.', '..', 'a/b', 'a b', 'a%2e', 'a?b', 'é'])(
  '%j cannot be a path segment',
  (text) => {
    expect(isPathSegment(text, 128)).toBe(false);
  },
);
