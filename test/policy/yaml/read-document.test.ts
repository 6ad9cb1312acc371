import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../src/policy/yaml/problem.ts';
import { readDocument, type Path } from '../../../src/policy/yaml/read-document.ts';

const problemsOf = (content: string | Uint8Array) =>
  readDocument('p.yaml', content).problems.map(formatProblem);

const valueOf = (text: string) => {
  const { document, problems } = readDocument('p.yaml', text);
  expect(problems).toEqual([]);
  return document!;
};

const tooMany = 'more than 20000 values: split the file into several files of one directory';
const tooDeep = 'mappings and lists are nested more than 16 deep';
const laughs = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...'bcdefgh'.split('').map((c, i) => {
    const before = 'abcdefgh'.charAt(i);
    return `${c}: &${c} [${Array<string>(9).fill(`*${before}`).join(', ')}]`;
  }),
].join('\n');

describe('a problem is reported with its place', () => {
  it.each<[string, string | Uint8Array, ...string[]]>([
    ['an empty file', '', '1:1: the file is empty'],
    ['only comments', '# a\n\n# b\n', '1:1: the file is empty'],
    ['an empty document', '---\n', '1:1: the file is empty'],
    [
      'a big file',
      `a: ${'b'.repeat(256 * 1024)}`,
      '1:1: the file has 262147 bytes; at most 262144 are read: split it into several files of one directory',
    ],
    [
      'a byte order mark',
      '\uFEFFa: 1',
      '1:1: the file begins with a byte order mark: save it as UTF-8 without one',
    ],
    ['invalid UTF-8', Buffer.from('a: 1\nb: é\xFFx', 'latin1'), '2:4: the file is not valid UTF-8'],
    [
      'a truncated character',
      Buffer.from([0x61, 0x3a, 0x20, 0xe2, 0x82]),
      '1:4: the file is not valid UTF-8',
    ],
    ['half of a surrogate pair', 'a: 1\nb: \uD83D', '2:4: the file is not valid UTF-8'],
    ['UTF-16', Buffer.from('\uFEFFa: 1', 'utf16le'), '1:1: the file is UTF-16: save it as UTF-8'],
    [
      'a control character',
      'a: x\n b: \u0007',
      '2:5: a control character: in double quotes it can be written as an escape, such as "\\u0007"',
    ],
    [
      'a right-to-left override',
      "a: user.id != 'x\u202E'",
      '1:17: an invisible character that changes the direction of the text',
    ],
    [
      'a lone carriage return',
      'a: 1\rb: 2',
      '1:5: a carriage return without a line feed: end lines with a line feed',
    ],
    ['a tab', 'a:\n  b: 1\n \tc: 2', '3:2: a tab in the indentation: indent with spaces'],
    ['two documents', 'a: 1\n---\nb: 2', '2:1: a second document: one file is one document'],
    ['a directive', '%YAML 1.1\n---\na: yes', '1:1: directives (%) are not read'],
    [
      'a colon in a value',
      'a: 1\nb: c: d',
      '2:4: a second `: ` in one line: write the value in quotes',
    ],
    ['an unclosed quote', "a: 'b", "1:6: not YAML: missing closing 'quote"],
    [
      'a repeated key',
      'a: 1\nb: { c: 1, c: 2 }\na: 3',
      '2:12: the key c is repeated in this mapping',
      '3:1: the key a is repeated in this mapping',
    ],
    [
      'keys that are no strings',
      '1: a\nnull: b\ntrue: c\n1.5: d\n~: e\n: f',
      '1:1: the key 1 is not a string: write it in quotes',
      '2:1: the key null is not a string: write it in quotes',
      '3:1: the key true is not a string: write it in quotes',
      '4:1: the key 1.5 is not a string: write it in quotes',
      '5:1: the key ~ is not a string: write it in quotes',
      '6:1: an empty key',
    ],
    [
      'a key that is a list',
      '[a]: b',
      '1:1: a key must be a string, and is a mapping, a list or an alias',
    ],
    ['a key with an anchor', '&a b: c', '1:4: a key has no tag and no anchor'],
    [
      'a merge key',
      'a: &a { b: 1 }\nc: { <<: *a }',
      '2:6: merge keys (<<) are not part of YAML 1.2: an alias can stand for a whole value',
    ],
    [
      'a tag',
      'a: !env B\nb: !!binary aGk=',
      '1:9: !env is read as a tag of YAML: write the value in quotes',
      '2:13: the tag tag:yaml.org,2002:binary is not known here: leave it out',
    ],
    [
      'a rule that begins with !',
      'a: !has(user.name) && true',
      '1:23: !has(user.name) is read as a tag of YAML: write the value in quotes',
    ],
    [
      'a rule that begins with a quote',
      "a: 'admin' in user.roles",
      '1:12: text after the end of a value in quotes, brackets or braces: write the whole value in quotes',
    ],
    ['an alias without an anchor', 'a: *b\nc: &b 1', '1:4: no anchor &b comes before the alias *b'],
    ['an alias of itself', 'a: &a [*a]', '1:8: the alias *a is inside the value that it repeats'],
    [
      'a large number',
      'a: 12345678901234567890',
      '1:4: a number that cannot be read exactly: write it in quotes',
    ],
    [
      'infinity',
      'a: [.inf, .nan]',
      '1:5: a number that cannot be read exactly: write it in quotes',
      '1:11: a number that cannot be read exactly: write it in quotes',
    ],
    ['a deep list', `a: ${'['.repeat(17)}`, `1:20: ${tooDeep}`],
    [
      'a deep mapping',
      Array.from({ length: 18 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      `17:19: ${tooDeep}`,
    ],
    [
      'nesting by an alias',
      `a: &a ${'['.repeat(10)}${']'.repeat(10)}\nb: ${'['.repeat(7)}*a${']'.repeat(7)}`,
      `2:11: ${tooDeep}`,
    ],
    ['many values', `a: [${'1,'.repeat(20_001)}]`, `1:40001: ${tooMany}`],
    ['a billion laughs', laughs, `5:12: ${tooMany}`],
  ])('%s', (_what, content, ...expected) => {
    expect(problemsOf(content)).toEqual(expected.map((each) => `p.yaml:${each}`));
  });

  it('the first twenty are reported, and the others counted', () => {
    const problems = problemsOf(Array.from({ length: 25 }, (_, i) => `${i}: a`).join('\n'));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toBe('p.yaml:21:1: 5 more problems from here on');
  });

  it('a quoted text of the file is shown on one line, shortened', () => {
    const [problem] = problemsOf(`"\\e[31m\\n": 1\n"\\e[31m\\n": 2`);
    expect(problem).toBe('p.yaml:2:1: the key \\u001b[31m\\u000a is repeated in this mapping');
    const [long] = problemsOf(`a: !${'x'.repeat(500)} b`);
    expect(long).toHaveLength(
      `p.yaml:1:506: !${'x'.repeat(59)}… is read as a tag of YAML: write the value in quotes`
        .length,
    );
  });
});

describe('values', () => {
  it('are those of the YAML 1.2 core schema', () => {
    const { value } = valueOf(
      '{ on: yes, a: 0o17, b: 2026-11-27, c: 1_000, d: 3, e: 1.5, f: true, g: ~, h: "1" }',
    );
    expect(value).toEqual({
      on: 'yes',
      a: 15,
      b: '2026-11-27',
      c: '1_000',
      d: 3,
      e: 1.5,
      f: true,
      g: null,
      h: '1',
    });
  });

  it('are accepted up to the limits', () => {
    expect(problemsOf(`${'['.repeat(16)}${']'.repeat(16)}`)).toEqual([]);
    expect(problemsOf(`[${'1,'.repeat(19_999)}]`)).toEqual([]);
    expect(problemsOf(`a${' '.repeat(256 * 1024 - 1)}`)).toEqual([]);
  });

  it('may be repeated by aliases', () => {
    const document = valueOf('a: &x { b: [1, 2] }\nc: *x\nd: &x 3\ne: *x');
    expect(document.value).toEqual({ a: { b: [1, 2] }, c: { b: [1, 2] }, d: 3, e: 3 });
    expect(document.locate(['c'])).toEqual({ line: 2, column: 4 });
    expect(document.locate(['c'], 'key')).toEqual({ line: 2, column: 1 });
    expect(document.locate(['c', 'b', 1])).toEqual({ line: 1, column: 16 });
  });

  it('have no prototype and no inherited keys', () => {
    const { value } = valueOf('{ __proto__: { isAdmin: true }, constructor: 1, toString: 2 }');
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });
});

describe('parameters in braces', () => {
  it('are also text inside lists and mappings', () => {
    const text = 'a: [private-{hotel}-chat-{x}, x{y}{z}, {b: c}]\nd: { e: private-{f}, g: 1 }';
    const document = valueOf(text);
    expect(document.value).toEqual({
      a: ['private-{hotel}-chat-{x}', 'x{y}{z}', { b: 'c' }],
      d: { e: 'private-{f}', g: 1 },
    });
    expect(document.locate(['a', 1])).toEqual({ line: 1, column: 31 });
    expect(document.locateIn(['a', 0], 9)).toEqual({ line: 1, column: 14 });
    expect(document.locate(['d', 'g'])).toEqual({ line: 2, column: 25 });
  });

  it.each(['[a{b: c}]', '[a{b}', '["a"{b}]', '[a {b}]', '[{b}a]'])('%s is not YAML', (text) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(/^p.yaml:1:\d+: /)]);
  });
});

describe('positions', () => {
  const text = [
    'a:',
    '  b: [one, two]',
    "  c: 'it''s || ok'",
    '  d: "tab\\tand \\u00e9\\x41 \\U0001F600!"',
    '  e: >-',
    '    first line ||',
    '    second line',
    '',
    '    third',
    '  f: |',
    '    one',
    '      two',
    '  g: plain text',
    '    on two lines',
    '  "quoted key": 1',
    "  h: ''",
    '  i: "one \\',
    '     two"',
    '  😀: emoji: no',
  ]
    .slice(0, -1)
    .concat('  😀: x')
    .join('\n');
  const { value, locate, locateIn } = valueOf(text);
  const lines = text.split('\n');

  it.each<[Path, 'key' | 'value', number, number]>([
    [[], 'value', 1, 1],
    [['a'], 'key', 1, 1],
    [['a', 'b', 1], 'value', 2, 12],
    [['a', 'b', 1], 'key', 2, 12],
    [['a', 'quoted key'], 'key', 15, 3],
    [['a', 'quoted key'], 'value', 15, 17],
    [['a', '😀'], 'value', 19, 7],
    // Missing values are reported at the mapping that lacks them.
    [['a', 'missing'], 'value', 1, 1],
    [['a', 'b', 7, 'x'], 'value', 2, 3],
  ])('%j (%s)', (...[path, part, line, column]) => {
    expect(locate(path, part)).toEqual({ line, column });
  });

  it('are exact for each character of a scalar', () => {
    const strings = Object.entries((value as { a: Record<string, unknown> }).a).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0] !== 'd',
    );
    expect(strings.length).toBeGreaterThan(5);
    for (const [key, string] of strings) {
      for (let i = 0; i < string.length; i += 1) {
        if (/\s/.test(string.charAt(i))) continue;
        const { line, column } = locateIn(['a', key], i);
        expect([key, i, lines[line - 1]!.charAt(column - 1)]).toEqual([key, i, string.charAt(i)]);
      }
    }
  });

  it.each<[string, number, number, number]>([
    ['c', 3, 3, 11], // the s after the doubled quote
    ['c', 2, 3, 9],
    ['d', 3, 4, 10], // the escaped tab
    ['d', 8, 4, 16], // \u00e9
    ['d', 9, 4, 22], // \x41
    ['d', 11, 4, 27], // the emoji, which is two code units
    ['d', 13, 4, 37],
    ['e', 14, 7, 5],
    ['e', 26, 9, 5],
    ['f', 6, 12, 7],
    ['g', 11, 14, 5],
    ['i', 4, 18, 6],
    ['h', 0, 16, 7],
    ['g', 999, 14, 17], // the end
  ])('%s, character %d', (...[key, offset, line, column]) => {
    expect(locateIn(['a', key], offset)).toEqual({ line, column });
  });

  it('are also found in keys', () => {
    expect(locateIn(['a', 'quoted key'], 7, 'key')).toEqual({ line: 15, column: 11 });
  });

  it('count lines that end with CR LF', () => {
    const document = valueOf('a: >-\r\n  one\r\n  two\r\nb: 1\r\n');
    expect(document.locateIn(['a'], 4)).toEqual({ line: 3, column: 3 });
    expect(document.locate(['b'])).toEqual({ line: 4, column: 4 });
  });
});

describe('any text', () => {
  const pieces = fc.constantFrom(
    ...[
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      "'",
      '&a ',
      '*a',
      '!t ',
      '|',
      '>-',
      '#',
      '? ',
      '\\',
      '%',
      '---',
    ],
    ...['<<', '__proto__', '\t', '\r', '1', 'null', '\uFEFF', '😀', '\uD800', 'x: y\n'],
  );
  const hostile = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 3 })), {
    maxLength: 60,
  });

  it('is read, or has problems with a place in it', () => {
    fc.assert(
      fc.property(hostile, (parts) => {
        const text = parts.join('');
        const { document, problems } = readDocument('p.yaml', text);
        expect(document !== undefined || problems.length > 0).toBe(true);
        expect(problems.length).toBeLessThanOrEqual(21);
        const lines = text.split('\n');
        for (const { line, column, message } of problems) {
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
          expect(message).not.toMatch(/\p{Cc}/u);
        }
        const walk = (value: unknown, path: Path): void => {
          document?.locate(path, 'key');
          if (typeof value === 'string') document?.locateIn(path, 1);
          if (typeof value !== 'object' || value === null) return;
          for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
        };
        walk(document?.value, []);
      }),
      { numRuns: 1000, examples: [[['|', '- ', 'a', '\t']]] },
    );
  });

  it('is refused with any bytes that are not UTF-8', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const { document, problems } = readDocument('p.yaml', bytes);
        const isUtf8 = Buffer.from(Buffer.from(bytes).toString()).equals(bytes);
        expect(document !== undefined && !isUtf8).toBe(false);
        expect(document !== undefined || problems.length > 0).toBe(true);
      }),
      // U+FFFD, which replaces a cut character, starts with the same bytes.
      { examples: [[Uint8Array.of(0xef)], [Uint8Array.of(0x61, 0xef, 0xbf)]] },
    );
  });

  it.each([
    ...[
      '[',
      '{',
      '- ',
      '? ',
      '&a ',
      '!a ',
      '*a ',
      '"',
      "'",
      '\n',
      ' ',
      '\t',
      '#\n',
      '---\n',
      ': ',
      'a: ',
      ',',
      'a:\n',
      '|\n',
      '[]',
    ],
    ...['%a\n', '...\n', '\r', '@', '-\n', '{a:b,', '[,', ' b\n', '\\', '\uD83D\uDE00', '&a [*a, '],
  ])('takes a limited time: %j, repeated', (piece) => {
    const bytes = Buffer.byteLength(piece);
    const text = piece.repeat(Math.floor((256 * 1024) / bytes));
    const start = process.cpuUsage();
    readDocument('p.yaml', text);
    const { user, system } = process.cpuUsage(start);
    // Quadratic work takes minutes; this takes at most 2 s on a fast machine.
    expect((user + system) / 1e6).toBeLessThan(20);
  });
});
