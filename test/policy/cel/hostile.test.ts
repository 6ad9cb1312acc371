import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compileRule,
  compileValue,
  ExpressionError,
  isExpressionName,
  maxSourceLength,
  type Scope,
} from '../../../src/policy/cel/expression.ts';
import { scope, variables } from './scope.ts';

const refusal = (source: string) => {
  try {
    compileRule(source, scope);
  } catch (error) {
    expect(error).toBeInstanceOf(ExpressionError);
    return error as ExpressionError;
  }
  return undefined;
};

describe('the size of an expression', () => {
  it.each([
    ['nested parentheses', '('.repeat(900) + 'true' + ')'.repeat(900), 'nested too deeply'],
    ['nested lists', '['.repeat(1900), 'nested too deeply'],
    ['nested calls', 'size('.repeat(300), 'nested too deeply'],
    ['nested conditions', 'true ? true : '.repeat(100) + 'true', 'nested too deeply'],
    ['a long path', `user${'.id'.repeat(100)} == 'x'`, 'nested too deeply'],
    ['many indexes', `user.roles${'[0]'.repeat(100)} == 'x'`, 'nested too deeply'],
    ['many negations', `${'!'.repeat(1900)}true`, 'too long'],
    ['many minus signs', `${'-'.repeat(1900)}1 == 1`, 'too long'],
    ['a long chain', `true${' || true'.repeat(200)}`, 'too long'],
    ['a long sum', `1${'+1'.repeat(900)} == 1`, 'too long'],
    ['a long list', `1 in [${'1,'.repeat(65)}]`, 'too long'],
    ['a large map', `{${'1:1,'.repeat(17)}} == {}`, 'too long'],
    ['many arguments', 'size(1, 1, 1, 1, 1)', 'too long'],
    ['10,000 characters', `user.id == '${'x'.repeat(10_000)}'`, 'more than 2000 characters'],
    ['10,000 spaces', ' '.repeat(10_000), 'more than 2000 characters'],
  ])('%s', (_what, source, message) => {
    expect(refusal(source)?.message).toContain(message);
  });

  it('may be up to the limits', () => {
    const longest = `user.id == '${'x'.repeat(maxSourceLength - 14)}'`;
    expect(longest).toHaveLength(maxSourceLength - 1);
    expect(refusal(`${longest} `)).toBeUndefined();
    expect(refusal(`${longest}  `)?.offset).toBe(maxSourceLength);
    expect(compileRule(`${'!'.repeat(198)}true`, scope)(variables)).toBe(true);
    expect(refusal(`${'!'.repeat(199)}true`)).toBeUndefined();
    expect(refusal(`${'!'.repeat(200)}true`)).toBeDefined();
    expect(compileRule(`${'('.repeat(22)}true${')'.repeat(22)}`, scope)(variables)).toBe(true);
  });

  it('includes all loops together', () => {
    const loop = (body: string) => `user.roles.exists(r, ${body})`;
    const isAny = (count: number) => Array(count).fill("r == 'a'").join(' || ');
    expect(refusal(loop(isAny(8)))).toBeUndefined();
    expect(refusal(loop(isAny(9)))?.message).toBe('the conditions of the loops are too long');
    expect(refusal(`${loop(isAny(5))} || ${loop(isAny(5))}`)).toBeDefined();
    const search = loop('r in facts.course.teachers');
    expect(refusal(`${search} || ${search}`)).toBeUndefined();
    expect(refusal(`${search} || ${search} || ${search}`)?.message).toBe(
      'more than 2 searches with in, in loops',
    );
    expect(refusal(loop("r in ['a'] || r in ['b'] || r in ['c']"))).toBeUndefined();
  });
});

describe('names of object properties', () => {
  const inherited = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];

  it.each(inherited)('%s is not a function', (name) => {
    for (const source of [
      `user.${name} == 'x'`,
      `has(user.${name})`,
      `has(facts.course.${name})`,
      `has(facts.course.${name}.name)`,
      `user['${name}'] == 'x'`,
      `user.roles.${name} == 'x'`,
      `user.roles.exists(r, r.${name} == 'x')`,
      `user.id.${name}()`,
      `${name}()`,
      `${name} == 'x'`,
      `has(${name}.x)`,
      `user.roles.exists(${name}, true)`,
    ]) {
      expect([source, refusal(source)]).not.toEqual([source, undefined]);
    }
  });

  it.each([...inherited, 'true', 'in', 'package', 'a-b', 'a.b', '1a', '', 'é'])(
    '%j cannot be the name of a variable or a field',
    (name) => {
      expect(isExpressionName(name)).toBe(false);
      const entry: Scope = Object.fromEntries([[name, 'string']]);
      expect(() => compileRule('true', entry)).toThrow(`can read: ${name}`);
      const field = Object.fromEntries([[name, { type: 'string' as const, optional: true }]]);
      expect(() => compileRule('true', { user: field })).toThrow(`can read: ${name}`);
    },
  );

  it.each(['int', 'google', 'type', 'list'])('%s cannot be the name of a variable', (name) => {
    expect(isExpressionName(name)).toBe(false);
    expect(() => compileRule('true', { [name]: 'string' })).toThrow(`can read: ${name}`);
  });

  it.each([
    'type',
    'list',
    'map',
    'string',
    'google',
    'source',
    'raw',
    'get',
    'size',
    'has',
    'all',
    'name',
    'length',
    'then',
  ])('%s can be the name of a field', (name) => {
    const field = { type: 'string', optional: true } as const;
    const rule = compileRule(`has(user.${name}) && user.${name} == 'x'`, {
      user: Object.fromEntries([[name, field]]),
    });
    expect(rule({ user: { [name]: 'x' } })).toBe(true);
    expect(rule({ user: { [name]: 'y' } })).toBe(false);
    expect(rule({ user: {} })).toBe(false);
  });

  it('are absent if they are inherited', () => {
    const rule = compileRule('has(user.name)', scope);
    expect(rule({ user: { id: '1', name: 'Ada' } })).toBe(true);
    expect(rule({ user: Object.assign(Object.create({ name: 'Ada' }), { id: '1' }) })).toBe(false);
    const user: unknown = JSON.parse('{ "id": "1", "__proto__": { "name": "Ada" } }');
    expect(rule({ user })).toBe(false);
    expect(rule(Object.create({ user: { name: 'Ada' } }) as object as never)).toBe(false);
  });
});

describe('any text', () => {
  const piece = fc.oneof(
    fc.constantFrom('user', '.id', '.roles', ' in ', '==', '&&', '!', '(', ')', '[', ']', '{', '}'),
    fc.constantFrom(
      'has(',
      '?',
      ':',
      '.exists(x, ',
      'x',
      "'a'",
      '1',
      '-',
      '/',
      ',',
      '.',
      '\\',
      '"',
    ),
    fc.string({ unit: 'grapheme', maxLength: 3 }),
  );
  const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));

  it('compiles or causes an ExpressionError with a position in the text, and never another error', () => {
    fc.assert(
      fc.property(text, (source) => {
        const refused = refusal(source);
        if (refused === undefined) {
          expect(compileRule(source, scope)(variables)).toBeTypeOf('boolean');
        } else {
          expect(refused.offset).toBeGreaterThanOrEqual(0);
          expect(refused.offset).toBeLessThanOrEqual(source.length);
          expect(refused.message).not.toBe('');
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('causes no error as a variable', () => {
    const rule = compileRule("user.id in facts.course.teachers || user.name == 'x'", scope);
    const value = compileValue('facts.course.places', scope, ['int']);
    fc.assert(
      fc.property(fc.object(), fc.anything(), (given, anything) => {
        expect(rule(given)).toBeTypeOf('boolean');
        expect(rule({ user: anything, facts: { course: anything } })).toBeTypeOf('boolean');
        expect(['number', 'undefined']).toContain(
          typeof value({ facts: { course: { places: anything } } }),
        );
      }),
      { numRuns: 500 },
    );
  });
});
