import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runPolicyTests } from '../../src/policy-test/run-tests.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { loadPolicyFiles, problemsOf } from '../support/load-policy-files.ts';

const inLines = (...lines: readonly string[]): string => `${lines.join('\n')}\n`;

const many = <T>(count: number, make: (n: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, n) => make(n));

/** A channel of every user. */
const channel = (pattern: string, ...more: readonly string[]): readonly string[] => [
  `  ${pattern}:`,
  '    about: everybody',
  ...more.map((line) => `    ${line}`),
  "    allow: { user: { has an id: user.id != '' } }",
];

const policyOf = (...channels: readonly (readonly string[])[]): string =>
  inLines('version: 1', 'channels:', ...channels.flat());

const usual = policyOf(channel('private-news'));

/** A mapping with this depth of nesting. */
const nested = (depth: number): string => `${'{a: '.repeat(depth)}x${'}'.repeat(depth)}`;

describe('a file that would use too many resources', () => {
  const laughs = many(12, (n) =>
    n === 0
      ? '  l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]'
      : `  l${n}: &l${n} [${many(9, () => `*l${n - 1}`).join(', ')}]`,
  );
  const huge = `['${many(15_000, (n) => `e${n}`).join("', '")}']`;

  it.each<[string, string, RegExp]>([
    [
      'a billion laughs',
      inLines('version: 1', 'codes:', ...laughs),
      /:7:17: more than 20000 values: split/,
    ],
    [
      'an alias of itself',
      inLines('version: 1', 'codes: &c', '  a: *c'),
      /:3:6: the alias \*c is inside the value that it repeats/,
    ],
    [
      'deep mappings',
      inLines('version: 1', `codes: ${nested(5_000)}`),
      /:2:69: mappings and lists are nested more than 16 deep/,
    ],
    [
      'deep lists',
      inLines('version: 1', `codes: ${'['.repeat(5_000)}`),
      /:2:24: mappings and lists are nested more than 16 deep/,
    ],
    [
      'a long list',
      inLines('version: 1', `facts: { a: { ids: ${huge}, fields: {} } }`),
      /:2:20: `ids` has 15000 entries; at most 6 are allowed/,
    ],
    [
      '10,000 channels',
      policyOf(...many(10_000, (n) => [`  private-c${n}: {}`])),
      /:3:3: `channels` has 10000 entries; at most 1000 are allowed/,
    ],
    [
      'a large file',
      `${usual}# ${'x'.repeat(300_000)}`,
      /:1:1: the file has \d+ bytes; at most 262144/,
    ],
    [
      'a long expression',
      policyOf(channel('private-a')).replace(
        "user.id != ''",
        `"${many(500, (n) => `user.id != '${n}'`).join(' && ')}"`,
      ),
      /:5:33: `has an id` has more than 2000 characters/,
    ],
    [
      'a deep expression',
      policyOf(channel('private-a')).replace(
        "user.id != ''",
        `"${'!('.repeat(400)}true${')'.repeat(400)}"`,
      ),
      /:5:82: the expression is nested too deeply/,
    ],
  ])('%s', async (_what, text, problem) => {
    expect((await problemsOf({ 'policy.yaml': text })).join('\n')).toMatch(problem);
  });

  it('a file of more than a megabyte', async () => {
    const big = Buffer.alloc(1_100_000, '#');
    const problems = await problemsOf({ 'policy.yaml': usual, 'big.yaml': big });
    expect(problems).toEqual([expect.stringContaining('big.yaml is larger than 1048576 bytes')]);
  });

  it('a pipe and a device, which have no end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'policy-'));
    const pipe = join(folder, 'pipe.yaml');
    const zero = join(folder, 'zero.yaml');
    execFileSync('mkfifo', [pipe]);
    symlinkSync('/dev/zero', zero);
    await expect(loadPolicy([pipe])).rejects.toThrow('pipe.yaml is not a file');
    await expect(loadPolicy([zero])).rejects.toThrow('zero.yaml is not a file');
    // Both are read at the same time.
    await expect(loadPolicy([folder])).rejects.toThrow(/(pipe|zero)\.yaml is not a file/);
    rmSync(folder, { recursive: true });
  });

  it('more than a thousand files', async () => {
    const files = Object.fromEntries(many(1_001, (n) => [`p${n}.yaml`, 'version: 1\n']));
    expect(await problemsOf(files)).toEqual(['there are more than 1000 files']);
  });
});

describe('a file that is parsed differently than it looks', () => {
  it.each<[string, string, RegExp]>([
    [
      'a repeated key',
      policyOf(channel('private-a'), channel('private-a')),
      /:6:3: the key private-a is repeated/,
    ],
    [
      'a repeated rule',
      usual.replace('{ has an id:', "{ has an id: 'false', has an id:"),
      /:5:42: the key has an id is repeated/,
    ],
    ['a tab', usual.replace('    about', '\tabout'), /:4:1: a tab in the indentation/],
    [
      'a merge key',
      inLines('version: 1', 'channels:', '  <<: { private-a: {} }'),
      /:3:3: merge keys/,
    ],
    [
      'a tag',
      inLines('version: 1', 'codes: !!js/function "x"'),
      /:2:22: the tag \S+ is not known here/,
    ],
    [
      'a control character',
      usual.replace('everybody', 'every\u0000body'),
      /:4:17: a control character/,
    ],
    [
      'a right-to-left override',
      usual.replace('everybody', 'every\u202ebody'),
      /:4:17: an invisible character/,
    ],
    ['two documents', `${usual}---\n${usual}`, /:6:1: a second document/],
    [
      'an unknown key',
      usual.replace('allow:', 'alow:'),
      /:5:5: alow is not a key of a channel; the nearest is allow/,
    ],
    [
      'a __proto__ key',
      usual.replace('allow:', '__proto__: {}\n    allow:'),
      /:5:5: __proto__ is not a key of a channel/,
    ],
    [
      'a key of the object prototype',
      usual.replace('allow:', 'constructor: {}\n    allow:'),
      /:5:5: constructor is not a key of a channel/,
    ],
  ])('%s', async (_what, text, problem) => {
    expect((await problemsOf({ 'policy.yaml': text })).join('\n')).toMatch(problem);
  });
});

const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

describe.each(inherited)('the name %s, which every object has', (name) => {
  it.each<[string, string]>([
    ['a parameter', policyOf(channel(`private-a.{${name}}`, `params: { ${name}: id }`))],
    ['a kind of fact', inLines('version: 1', `facts: { ${name}: { ids: [a], fields: {} } }`)],
    ['an id', inLines('version: 1', `facts: { a: { ids: [${name}], fields: {} } }`)],
    ['a field', inLines('version: 1', `facts: { a: { ids: [a], fields: { ${name}: string } } }`)],
    ['a fact of a channel', policyOf(channel('private-a', `facts: { ${name}: [user.id] }`))],
    ['a kind of principal', usual.replace('user:', `${name}:`)],
    ['an attribute', usual.replace('user.id', `user.${name}`)],
    ['a channel', inLines('version: 1', 'channels:', `  ${name}: {}`)],
    ['an issuer', inLines('version: 1', `issuers: { ${name}: { kind: guest, id: [a] } }`)],
  ])('as %s', async (_what, text) => {
    expect((await problemsOf({ 'policy.yaml': text })).join('\n')).toMatch(
      /^policy\.yaml:\d+:\d+: /,
    );
  });

  it.each(['facts', 'principals'])('as a key of %s in a test', async (part) => {
    const value = part === 'facts' ? '[{ a: b }]' : "{ kind: user, id: '1' }";
    const test = inLines(`${part}:`, `  ${name}: ${value}`, 'expect: []');
    const problems = await problemsOf({ 'policy.yaml': usual, 'policy.test.yaml': test });
    expect(problems[0]).toMatch(/^policy\.test\.yaml:2:3: \S+ is a reserved word/);
  });

  it('as a field of a fact in a test', async () => {
    const policy = inLines('facts: { a: { ids: [b], fields: {} } }') + usual;
    const test = inLines('facts:', `  a: [{ b: x, ${name}: { polluted: yes } }]`, 'expect: []');
    const problems = await problemsOf({ 'policy.yaml': policy, 'policy.test.yaml': test });
    expect(problems[0]).toMatch(/^policy\.test\.yaml:2:\d+: /);
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('names that have a meaning in JavaScript', () => {
  it('are accepted like others', async () => {
    const policy = inLines(
      'codes: { constructor: A code like others. }',
      'facts: { then: { ids: [length], fields: { then: string, toJSON: string, name: string } } }',
      'channels:',
      '  private-a.{arguments}:',
      '    about: who is named',
      '    params: { arguments: id }',
      '    facts: { then: [params.arguments] }',
      '    allow:',
      '      user:',
      '        is named: { rule: user.id == facts.then.then, code: constructor }',
    );
    const test = inLines(
      "principals: { toString2: { kind: user, id: '1' }, other: { kind: user, id: '2' } }",
      "facts: { then: [{ length: x, then: '1', toJSON: a, name: b }] }",
      'expect:',
      '  - { who: toString2, channel: private-a.x, grant: true }',
      '  - { who: other, channel: private-a.x, refuse: constructor }',
      '  - { who: other, channel: private-a.constructor, refuse: constructor }',
    );
    const loaded = await loadPolicyFiles({ 'policy.yaml': policy, 'policy.test.yaml': test });
    const { results } = await runPolicyTests(loaded, () => 0);
    expect(results.map(({ problems }) => problems)).toEqual([[], [], []]);
  });
});

describe('patterns that are designed to be slow', { timeout: 20_000 }, () => {
  const overlapping = (params: (n: number) => string) =>
    policyOf(...many(160, (n) => channel(`private-{x}.{y}.${'ab'.repeat(10)}${n}`, params(n))));

  it.each<[string, string]>([
    [
      'of parameters with different lengths',
      overlapping(
        (n) =>
          `params: { x: { characters: a-z, max: ${n + 1} }, y: { characters: a-z, max: ${n + 1} } }`,
      ),
    ],
    [
      'of parameters with different characters',
      overlapping((n) => {
        const characters = `a-z${'0123456789'.slice(0, n % 10)}${'ABCDEFGHIJKLMNOP'.slice(0, n / 10)}`;
        return `params: { x: { characters: ${characters}, max: 9 }, y: { characters: ${characters}, max: 8 } }`;
      }),
    ],
    [
      'of many parameters each',
      policyOf(
        ...many(500, (n) =>
          channel(
            `private-c${n}.${many(8, (each) => `{p${each}}`).join('-')}`,
            `params: { ${many(8, (each) => `p${each}: id`).join(', ')} }`,
          ),
        ),
      ),
    ],
  ])('%s are loaded or refused', async (_what, text) => {
    expect((await problemsOf({ 'policy.yaml': text })).join()).toMatch(
      /^$|overlap too much to be checked|more than 20000 values/,
    );
  });

  it('parse a hostile name in time proportional to its length', async () => {
    const params = 'params: { a: id, b: id, c: id, d: id }';
    const text = policyOf(
      ...many(100, (n) => channel(`private-c${n}.{a}-{b}-{c}-{d}-end`, params)),
    );
    const { channels } = await loadPolicyFiles({ 'policy.yaml': text });
    // Trying every split of one of these would take longer than the test run.
    for (let n = 0; n < 100; n += 1) {
      expect(channels.matchText(`private-c${n}.${'-'.repeat(140)}.`)).toBeUndefined();
    }
  });

  it.each([
    ['private-a.{x}', 'private-a.{y}-b'],
    ['private-{x}-a-{y}', 'private-b-{z}'],
  ])('%s and %s conflict, with the line of the second', async (one, other) => {
    const paramsOf = (pattern: string) =>
      `params: { ${[...pattern.matchAll(/\{(\w)\}/g)].map(([, name]) => `${name}: id`).join(', ')} }`;
    const text = policyOf(channel(one, paramsOf(one)), channel(other, paramsOf(other)));
    expect(await problemsOf({ 'policy.yaml': text })).toEqual([
      expect.stringMatching(/^policy\.yaml:[37]:3: Ambiguous channel patterns/),
    ]);
  });
});

describe('an expression that a policy may not contain', () => {
  it.each([
    ["user.id.matches('(a+)+$')", /matches/],
    ['user.id + 1 == 2', /\+/],
    ['"\\0" == user.id', /:\d+:\d+: /],
  ])('%s', async (rule, problem) => {
    const text = usual.replace("user.id != ''", () => `'${rule.replaceAll("'", "''")}'`);
    const [found] = await problemsOf({ 'policy.yaml': text });
    expect(found).toMatch(/^policy\.yaml:5:\d+: /);
    expect(found).toMatch(problem);
  });
});
