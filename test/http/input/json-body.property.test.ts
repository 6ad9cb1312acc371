import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonBody } from '../../../src/http/input/json-body.ts';
import { RequestProblem } from '../../../src/http/output/problem.ts';

/** The result of our parser: the object as JSON, or `refused`. Any other error is a bug and fails the test. */
function read(text: string): string {
  try {
    return JSON.stringify(parseJsonBody(text));
  } catch (error) {
    if (error instanceof RequestProblem && error.status === 400) return 'refused';
    throw error;
  }
}

/** The result of `JSON.parse`. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Brackets and braces around each other; the language counts them for us. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** Spells a name in one of its many ways. */
const spelled = (name: string, escaped: readonly boolean[]): string => {
  const letters = Array.from({ length: name.length }, (_, i) =>
    escaped[i % escaped.length] === true
      ? `\\u${name.charCodeAt(i).toString(16).padStart(4, '0')}`
      : JSON.stringify(name[i]).slice(1, -1),
  );
  return `"${letters.join('')}"`;
};

const name = fc.oneof(
  fc.constantFrom('a', '__proto__', 'constructor', '', '"', '\\', '{', ']', ':', 'a:', '\u2028'),
  fc.string({ maxLength: 4 }),
);
const value = fc.oneof(
  fc.constantFrom('"x"', '"\\""', '"{"', '"a\\\\"', '":"', '1', 'null', '[]', '{}', '[{"b":1}]'),
  fc.json({ maxDepth: 2 }),
);
const space = fc.constantFrom('', ' ', '\n', '\t', '\r\n  ');
const ways = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 });

describe('parseJsonObject', () => {
  it('accepts exactly the objects that JSON.parse accepts, without repeated names or deep nesting', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.json({ noUnicodeString: false }), fc.string()), (text) => {
        const expected = parsed(text);
        const good = isObject(expected) && depthOf(expected) <= 4;
        // fast-check generates each name once.
        expect(read(text)).toBe(good ? JSON.stringify(expected) : 'refused');
      }),
    );
  });

  it('reads no repeated field, in any spelling, and every other field', () => {
    const member = fc.tuple(name, ways, space, value);
    fc.assert(
      fc.property(fc.array(member, { maxLength: 5 }), fc.nat(1), (members, wrap) => {
        const written = members.map(
          ([key, escaped, gap, text]) => `${gap}${spelled(key, escaped)}${gap}:${gap}${text}${gap}`,
        );
        const inner = `{${written.join(',')}}`;
        const text = wrap === 1 ? `{"outer":${inner}}` : inner;
        const names = members.map(([key]) => key);
        const repeats = (key: string) => names.indexOf(key) !== names.lastIndexOf(key);
        const expected = JSON.parse(text) as object;
        const deep = depthOf(expected) > 4;
        // Duplicate keys in nested values that are not read are accepted.
        const once = Object.fromEntries(
          Object.entries(expected).filter(([key]) => wrap === 1 || !repeats(key)),
        );
        expect(read(text)).toBe(deep ? 'refused' : JSON.stringify(once));
      }),
    );
  });

  it('refuses truncated or changed texts that are not JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.string({ maxLength: 2 }), (text, at, put) => {
        const cut = text.slice(0, at % text.length) + put;
        if (!isObject(parsed(cut))) expect(read(cut)).toBe('refused');
      }),
    );
  });

  it('takes time proportional to the length of a hostile text', () => {
    // Each would hang a parser that backtracks or recurses.
    for (const text of [
      `{"a":"${'\\\\'.repeat(8000)}"}`,
      `{"a":"${'"'.repeat(16_000)}`,
      '{"a":'.repeat(3000),
      '['.repeat(16_000),
      ` ${'\t'.repeat(16_000)}x`,
    ]) {
      const wanted = parsed(text);
      expect(read(text)).toBe(wanted === undefined ? 'refused' : JSON.stringify(wanted));
    }
  });
});
