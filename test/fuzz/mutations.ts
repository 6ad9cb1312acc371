import fc from 'fast-check';

/**
 * One change of a text: at the position `at` (a fraction from 0 to 1), `cut` characters are replaced by `put`, which may be a
 * part of the text itself.
 */
interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly put: string | { readonly from: number; readonly length: number };
}

/** Texts that commonly break parsers. */
const edgeCases: readonly string[] = [
  ...[
    '',
    '\0',
    '\n',
    '\r\n',
    ' ',
    '\t',
    '"',
    "'",
    '\\',
    '%',
    '%00',
    '%2f',
    '%zz',
    '+',
    '&',
    '=',
    ';',
  ],
  ...[
    ':',
    '::user::',
    ',',
    '.',
    '..',
    '/',
    '//',
    '?',
    '#',
    '*',
    '{',
    '}',
    '[',
    ']',
    '[]',
    '|',
    '-',
    '_',
  ],
  ...[
    '__proto__',
    'constructor',
    'null',
    'true',
    '0',
    '-1',
    '1e999',
    '9'.repeat(40),
    'a'.repeat(600),
  ],
  ...[
    '\u00a0',
    '\u00e9',
    '\u00ff',
    '\u200b',
    '\u2028',
    '\ud800',
    '\ufeff',
    '\uff11',
    '\u0430',
    'İ',
  ],
];

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.oneof(fc.nat(2), fc.nat(40)),
  put: fc.oneof(
    fc.constantFrom(...edgeCases),
    fc.string({ maxLength: 3 }),
    fc.string({ unit: 'binary', maxLength: 2 }),
    fc.record({ from: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(60) }),
  ),
});

function apply(text: string, { at, cut, put }: Edit): string {
  const place = Math.floor(at * text.length);
  const start = typeof put === 'string' ? 0 : Math.floor(put.from * text.length);
  const piece = typeof put === 'string' ? put : text.slice(start, start + put.length);
  return text.slice(0, place) + piece + text.slice(place + cut);
}

/** One of these texts after a few changes; a fifth of them unchanged, so that valid input is tested as well. */
export function mutated(...seeds: readonly string[]): fc.Arbitrary<string> {
  const edits = fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 4, arbitrary: fc.array(edit, { minLength: 1, maxLength: 4 }) },
  );
  return fc.tuple(fc.constantFrom(...seeds), edits).map(([seed, all]) => all.reduce(apply, seed));
}

/** Any text: random, or one of these after a few changes. */
export function textNear(...seeds: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 8, arbitrary: mutated(...seeds) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 1, arbitrary: fc.constantFrom(...edgeCases) },
  );
}
