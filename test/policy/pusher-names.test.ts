import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChannelName, parseSocketId } from '../../src/policy/pusher-names.ts';
import vectors from '../vectors/pusher-auth-vectors.json' with { type: 'json' };

const prefixes = ['private-', 'presence-', 'private-encrypted-'];

describe('a channel name', () => {
  it.each([
    ['private-a', 'private', 'a'],
    ['presence-a', 'presence', 'a'],
    ['private-encrypted-a', 'private-encrypted', 'a'],
    ['private-cache-a', 'private', 'cache-a'],
    ['private-A1_-=@,.;', 'private', 'A1_-=@,.;'],
  ])('%s is read as %s and %s', (text, form, body) => {
    expect(parseChannelName(text)).toEqual({ text, form, body });
  });

  it('may have 164 characters with its prefix, and no more', () => {
    const longest = `private-${'a'.repeat(156)}`;
    expect(longest).toHaveLength(164);
    expect(parseChannelName(longest)).toBeDefined();
    expect(parseChannelName(`${longest}a`)).toBeUndefined();
  });

  it.each([
    ...vectors.refuse_channel_name.map(({ channel_name }) => channel_name),
    // `private-..` is a name of Pusher's grammar; the channel registry refuses it.
    ...vectors.refuse_channel_name_own.filter((name) => name !== 'private-..'),
    'private-',
    'presence-',
    'private-encrypted-',
    'public',
    'Private-a',
    'xprivate-a',
    ' private-a',
    'private-a ',
    'private-a\n',
    'private-\u0430', // a Cyrillic letter that looks like an a
    'private-a%2e',
    'private-ａ',
    ':user::{"id":"1"}',
    'presence-x:{"user_id":"admin"}',
  ])('%j is refused', (text) => {
    expect(parseChannelName(text)).toBeUndefined();
  });

  it('is refused outside the grammar', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.tuple(fc.constantFrom(...prefixes), fc.string({ maxLength: 200 })).map((t) => t.join('')),
    );
    fc.assert(
      fc.property(text, (name) => {
        const inGrammar =
          name.length <= 164 &&
          /^(?:private-encrypted-|private-|presence-)[\w\-=@,.;]+$/.test(name);
        // `private-encrypted-` alone would be a private channel called `encrypted-`; it is refused.
        fc.pre(name !== 'private-encrypted-');
        expect(parseChannelName(name) !== undefined).toBe(inGrammar && !name.endsWith('\n'));
      }),
    );
  });
});

describe('a socket id', () => {
  it.each(['1.1', '123.456', '0.0', `${'9'.repeat(31)}.${'9'.repeat(32)}`])(
    '%s is valid',
    (text) => {
      expect(parseSocketId(text)).toBe(text);
    },
  );

  it.each([
    ...vectors.refuse_socket_id.map(({ socket_id }) => socket_id),
    ...vectors.refuse_socket_id_own,
    '1.1:private-a',
    '1.1:',
    '١.١',
    `1.${'1'.repeat(63)}`,
  ])('%j is invalid', (text) => {
    expect(parseSocketId(text)).toBeUndefined();
  });
});
