import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineParam, idCharacters } from '../../src/policy/param.ts';
import { createPatternMatcher } from '../../src/policy/pattern-automaton.ts';
import { fillPattern, parsePattern, type Segment } from '../../src/policy/pattern.ts';

const id = defineParam(idCharacters, 40);

const readable = (text: string) => {
  const pattern = parsePattern(text);
  const names = pattern.segments.flatMap((s) => ('param' in s ? [s.param] : []));
  return { pattern, params: Object.fromEntries(names.map((name) => [name, id])) };
};

const readerOf = (...patterns: readonly string[]) => {
  const read = createPatternMatcher(patterns.map(readable));
  return (text: string) => {
    const result = read(text);
    return typeof result === 'string' ? result : [result.found.pattern.text, result.values];
  };
};

describe('matching', () => {
  const chat = 'private-hotel-{slug}-guest-chat-booking-{booking}';
  const read = readerOf(chat, 'private-tenant.{t}.user.{u}', 'private-news', 'private-a.{x}');

  it.each([
    ['hotel-grand-hotel-guest-chat-booking-BK-1', [chat, { slug: 'grand-hotel', booking: 'BK-1' }]],
    ['tenant.1.user.15', ['private-tenant.{t}.user.{u}', { t: '1', u: '15' }]],
    ['news', ['private-news', {}]],
    ['hotel-a-guest-chat-booking-b-guest-chat-booking-c', 'ambiguous'],
    ['hotel--guest-chat-booking-b', 'unknown'],
    ['hotel-a-guest-chat-booking-', 'unknown'],
    ['hotel-a-guest-chat-booking', 'unknown'],
    ['Hotel-a-guest-chat-booking-b', 'unknown'],
    ['new', 'unknown'],
    ['newss', 'unknown'],
    ['tenant.1.user.15.x', 'unknown'],
    ['tenant.1.user', 'unknown'],
    ['tenant.1.2.user.15', 'unknown'],
    ['tenant..user.15', 'unknown'],
    ['', 'unknown'],
    [`a.${'x'.repeat(40)}`, ['private-a.{x}', { x: 'x'.repeat(40) }]],
    [`a.${'x'.repeat(41)}`, 'unknown'],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('has the same result as trying every split', () => {
    const readThree = readerOf(three);
    const piece = fc.constantFrom('x', '-', '-x-', 'a', '.', 'xx', 'b-');
    fc.assert(
      fc.property(joined(piece, 12), (text) => {
        expect(readThree(text)).toEqual(readSlowly([three], text));
      }),
      { numRuns: 2000 },
    );
  });

  it('has that result for any set of patterns', () => {
    const piece = fc.constantFrom('a', 'b', '-', '.', '{x}', '{y}', 'ab');
    const pattern = joined(piece, 5)
      .map((body) => `private-${body}`)
      .filter((each) => works(() => parsePattern(each)));
    const text = joined(fc.constantFrom('a', 'b', '-', '.'), 7);
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { maxLength: 3 }), fc.array(text), (patterns, texts) => {
        fc.pre(works(() => readerOf(...patterns)));
        const readAny = readerOf(...patterns);
        for (const each of texts) expect(readAny(each)).toEqual(readSlowly(patterns, each));
      }),
      { numRuns: 1000 },
    );
  });

  it('returns the parameters of a pattern, or reports two matches', () => {
    const value = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
    fc.assert(
      fc.property(value, value, (slug, booking) => {
        const found = read(fillPattern(parsePattern(chat), { slug, booking }));
        if (found !== 'ambiguous') expect(found).toEqual([chat, { slug, booking }]);
      }),
    );
  });

  it('takes no longer for a hostile name than for one of the same length', () => {
    const hostile = readerOf('private-{a}-{b}-{c}-{d}-end');
    // Trying every split of this one would take longer than the test run.
    expect(hostile(`${'-'.repeat(150)}.`)).toBe('unknown');
  });
});

const three = 'private-{a}-x-{b}-x-{c}';

function joined(piece: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> {
  return fc.array(piece, { maxLength }).map((pieces) => pieces.join(''));
}

function works(make: () => unknown): boolean {
  try {
    make();
    return true;
  } catch {
    return false;
  }
}

/** The expected matches, by trying every split. */
function readSlowly(patterns: readonly string[], text: string) {
  const matches = patterns.flatMap((pattern) =>
    everySplit(parsePattern(pattern).segments, text).map((values) => [pattern, values]),
  );
  if (matches.length > 1) return 'ambiguous';
  return matches[0] ?? 'unknown';
}

function everySplit(
  [first, ...others]: readonly Segment[],
  text: string,
): readonly Readonly<Record<string, string>>[] {
  if (first === undefined) return text === '' ? [{}] : [];
  if ('literal' in first) {
    return text.startsWith(first.literal)
      ? everySplit(others, text.slice(first.literal.length))
      : [];
  }
  return Array.from(text, (_, i) => text.slice(0, i + 1))
    .filter((value) => /^[A-Za-z0-9_-]{1,40}$/.test(value))
    .flatMap((value) =>
      everySplit(others, text.slice(value.length)).map((rest) => ({
        ...rest,
        [first.param]: value,
      })),
    );
}

describe('patterns that can match the same name', () => {
  it.each([
    ['private-a', 'private-a'],
    ['private-room-{x}', 'private-room-{y}'],
    ['private-room-{x}', 'private-room-a'],
    ['private-room-{x}', 'private-room-{y}-z'],
    ['private-{x}-a-{y}', 'private-b-{z}'],
    ['private-hotel-{s}-staff', 'private-hotel-{s}-guest-chat-booking-{b}'],
  ])('%s and %s are refused', (one, other) => {
    expect(() => readerOf(one, other)).toThrow('Ambiguous channel patterns');
    expect(() => readerOf(other, one)).toThrow('Ambiguous channel patterns');
  });

  it.each([
    ['private-a', 'private-b'],
    ['private-tenant.{t}.admin', 'private-tenant.{t}.user.{u}'],
    ['private-tenant.{t}.escrow.{e}', 'private-tenant.{t}.escrow.{e}.chat'],
    ['private-room-{x}.a', 'private-room-{y}.b'],
  ])('%s and %s are accepted', (one, other) => {
    expect(() => readerOf(one, other)).not.toThrow();
  });
});

describe('an invalid pattern is refused', () => {
  it.each([
    'a',
    'public-a',
    'private-',
    'presence-',
    'private-encrypted-',
    'private-{a}{b}',
    'private-{a',
    'private-a}',
    'private-{a}-{a}',
    'private-{A}',
    'private-{}',
    'private-a b',
    'private-a:b',
    // No name of Pusher has more than 164 characters.
    `private-${'a'.repeat(157)}`,
    `private-{a}.${'a'.repeat(155)}`,
  ])('%s', (text) => {
    expect(() => parsePattern(text)).toThrow(text);
  });
});

it.each([
  ['private-a', 'private'],
  ['presence-a', 'presence'],
  ['private-encrypted-a', 'private-encrypted'],
])('%s has the form %s', (text, form) => {
  expect(parsePattern(text)).toMatchObject({ form, segments: [{ literal: 'a' }] });
});
