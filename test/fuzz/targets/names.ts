import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseChannelName, parseSocketId } from '../../../src/policy/pusher-names.ts';
import { shippedPolicy } from '../../support/shipped-policy.ts';
import { mutated, textNear } from '../mutations.ts';
import { defineTarget } from '../target.ts';

/** Every channel type, as in the documentation: the pattern, the longest value of each parameter, and its forms. */
const patterns: readonly (readonly [pattern: string, longest: readonly number[], forms: string])[] =
  [
    ['hotel-{}-guest-chat-booking-{}', [80, 64], 'private'],
    ['tenant.{}.escrow.{}.chat', [64, 64], 'private presence private-encrypted'],
    ['tenant.{}.escrow.{}', [64, 64], 'private private-encrypted'],
    ['tenant.{}.user.{}', [64, 64], 'private private-encrypted'],
    ['tenant.{}.admin', [64], 'private private-encrypted'],
    ['tenant.{}.announcements', [64], 'private private-encrypted'],
    ['announcements', [], 'private private-encrypted'],
    ['room-{}', [64], 'private presence'],
    ['all-seat-status', [], 'private'],
    ['chat-box', [], 'private'],
    ['payment-{}', [64], 'private'],
  ];

/** All ways to read a text by a pattern's literals, found by trying every split. */
function splits(text: string, [literal = '', ...rest]: readonly string[]): string[][] {
  if (!text.startsWith(literal)) return [];
  const after = text.slice(literal.length);
  if (rest.length === 0) return after === '' ? [[]] : [];
  const found: string[][] = [];
  for (let length = 1; /^[A-Za-z0-9_-]+$/.test(after.slice(0, length)); length += 1) {
    if (length > after.length) break;
    for (const tail of splits(after.slice(length), rest))
      found.push([after.slice(0, length), ...tail]);
  }
  return found;
}

/**
 * The matches of a name, computed slowly: none, several, or one with its values in order. A name with two matches is refused even
 * if a value would be too long in one of them.
 */
function readSlowly(name: string): unknown {
  if (name.length > 164 || Array.from(name).some((c) => !/[A-Za-z0-9_\-=@,.;]/.test(c)))
    return 'malformed';
  const form = ['private-encrypted-', 'presence-', 'private-'].find((each) =>
    name.startsWith(each),
  );
  if (form === undefined || name === form) return 'malformed';
  const matches = patterns
    .filter(([, , forms]) => forms.split(' ').includes(form.slice(0, -1)))
    .flatMap(([pattern, longest]) =>
      splits(name.slice(form.length), pattern.split('{}')).map((values) => ({ values, longest })),
    );
  const [only] = matches;
  if (only === undefined) return 'unknown';
  if (matches.length > 1) return 'ambiguous';
  const fits = only.values.every(({ length }, i) => length <= (only.longest[i] ?? 0));
  return fits ? only.values : 'unknown';
}

function read(name: string): unknown {
  const channel = parseChannelName(name);
  if (channel === undefined) return 'malformed';
  const match = shippedPolicy.channels.match(channel);
  if (typeof match === 'string') return match;
  const { segments } = match.channelType.pattern;
  return segments.flatMap((part) => ('param' in part ? [match.params[part.param]] : []));
}

const id = fc.oneof(
  fc.constantFrom(
    '1',
    '15',
    'grand-hotel',
    'a-guest-chat-booking-b',
    '-',
    'x'.repeat(64),
    'x'.repeat(65),
  ),
  fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
);
const filled = fc
  .tuple(
    fc.constantFrom('private', 'presence', 'private-encrypted'),
    fc.constantFrom(...patterns),
    id,
    id,
  )
  .map(([form, [pattern], one, two]) => `${form}-${pattern.replace('{}', one).replace('{}', two)}`);

export const nameTargets = [
  defineTarget({
    name: 'channel names',
    input: fc.oneof(
      filled,
      filled.chain((name) => mutated(name)),
      textNear('private-', 'presence-'),
    ),
    holds: (name) => {
      assert.deepEqual(read(name), readSlowly(name));
    },
  }),
  defineTarget({
    name: 'socket ids',
    input: textNear('1234.5678', '0.0', `${'9'.repeat(31)}.${'9'.repeat(32)}`),
    holds: (text) => {
      const [one = '', two = '', ...more] = text.split('.');
      const isNumber = (part: string) =>
        part !== '' && Array.from(part).every((c) => '0123456789'.includes(c));
      const isId = isNumber(one) && isNumber(two) && more.length === 0 && text.length <= 64;
      assert.equal(parseSocketId(text), isId ? text : undefined);
    },
  }),
];
