import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineParam, idCharacters } from '../../src/core/param.ts';
import { fillPattern, parsePattern } from '../../src/core/pattern.ts';
import { createReader } from '../../src/core/reader.ts';

const id = defineParam(idCharacters, 40);

const readable = (text: string) => {
  const pattern = parsePattern(text);
  const names = pattern.segments.flatMap((s) => ('param' in s ? [s.param] : []));
  return { pattern, params: Object.fromEntries(names.map((name) => [name, id])) };
};

const readerOf = (...patterns: readonly string[]) => {
  const read = createReader(patterns.map(readable));
  return (text: string) => {
    const result = read(text);
    return typeof result === 'string' ? result : [result.found.pattern.text, result.values];
  };
};

describe('reading', () => {
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

  it('finds the same as trying every split', () => {
    const three = 'private-{a}-x-{b}-x-{c}';
    const readThree = readerOf(three);
    const piece = fc.constantFrom('x', '-', '-x-', 'a', '.', 'xx', 'b-');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
        (text) => {
          const found = readThree(text);
          const splits = everySplit(text);
          if (splits.length === 0) expect(found).toBe('unknown');
          else if (splits.length > 1) expect(found).toBe('ambiguous');
          else expect(found).toEqual([three, splits[0]]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('gives back what a pattern was filled with, or says that there are two readings', () => {
    const value = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
    fc.assert(
      fc.property(value, value, (slug, booking) => {
        const found = read(fillPattern(parsePattern(chat), { slug, booking }));
        if (found !== 'ambiguous') expect(found).toEqual([chat, { slug, booking }]);
      }),
    );
  });

  it('takes no longer for a hostile name than for its length', () => {
    const hostile = readerOf('private-{a}-{b}-{c}-{d}-end');
    // Trying every split of this one would take longer than the test run.
    expect(hostile(`${'-'.repeat(150)}.`)).toBe('unknown');
  });
});

/** The readings of `{a}-x-{b}-x-{c}`, found the slow way. */
function everySplit(text: string): { a: string; b: string; c: string }[] {
  const ok = (value: string) => /^[A-Za-z0-9_-]{1,40}$/.test(value);
  const splits = [];
  for (let i = 0; i < text.length; i += 1) {
    for (let j = i + 3; j < text.length; j += 1) {
      if (!text.startsWith('-x-', i) || !text.startsWith('-x-', j)) continue;
      const [a, b, c] = [text.slice(0, i), text.slice(i + 3, j), text.slice(j + 3)];
      if (ok(a) && ok(b) && ok(c)) splits.push({ a, b, c });
    }
  }
  return splits;
}

describe('patterns that could mean the same name', () => {
  it.each([
    ['private-a', 'private-a'],
    ['private-room-{x}', 'private-room-{y}'],
    ['private-room-{x}', 'private-room-a'],
    ['private-room-{x}', 'private-room-{y}-z'],
    ['private-{x}-a-{y}', 'private-b-{z}'],
    ['private-hotel-{s}-staff', 'private-hotel-{s}-guest-chat-booking-{b}'],
  ])('%s and %s are refused at start', (one, other) => {
    expect(() => readerOf(one, other)).toThrow('clash');
    expect(() => readerOf(other, one)).toThrow('clash');
  });

  it.each([
    ['private-a', 'private-b'],
    ['private-tenant.{t}.admin', 'private-tenant.{t}.user.{u}'],
    ['private-tenant.{t}.escrow.{e}', 'private-tenant.{t}.escrow.{e}.chat'],
    ['private-room-{x}.a', 'private-room-{y}.b'],
  ])('%s and %s are not', (one, other) => {
    expect(() => readerOf(one, other)).not.toThrow();
  });
});

describe('a pattern that makes no sense is refused at start', () => {
  it.each([
    'presence-a',
    'private-',
    'private-encrypted-a',
    'private-{a}{b}',
    'private-{a',
    'private-a}',
    'private-{a}-{a}',
    'private-{A}',
    'private-{}',
    'private-a b',
    'private-a:b',
  ])('%s', (text) => {
    expect(() => parsePattern(text)).toThrow(text);
  });
});
