import { isCelError, run, type CelInput } from '@bufbuild/cel';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileRule, compileValue, type Variables } from '../../../src/policy/cel/expression.ts';
import { scope } from './scope.ts';

/** Expressions of each type, from the whole language that the port accepts. */
const expressions = fc.letrec<Record<'string' | 'int' | 'double' | 'bool' | 'timestamp', string>>(
  (of) => {
    const all = (...parts: readonly (string | fc.Arbitrary<string>)[]) =>
      fc
        .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
        .map((texts) => texts.join(''));
    const binary = (operand: fc.Arbitrary<string>, ...operators: readonly string[]) =>
      all('(', operand, ' ', fc.constantFrom(...operators), ' ', operand, ')');
    const conditional = (of_: fc.Arbitrary<string>) =>
      all('(', of('bool'), ' ? ', of_, ' : ', of_, ')');
    const any = (...choices: readonly fc.Arbitrary<string>[]) =>
      fc.oneof({ depthSize: 'small', withCrossShrink: true }, ...choices);
    const comparison = ['==', '!=', '<', '<=', '>', '>='];
    const list = fc.constantFrom('facts.course.teachers', 'user.roles', "['a', 'b', '']");
    const loop = (body: string) => all(list, fc.constantFrom('.all(x, ', '.exists(x, '), body);
    return {
      string: any(
        fc.constantFrom("''", "'a'", "'b'", "'😀'", "'é'", "'e\\u0301'", '"ab"', "r'\\a'"),
        fc.constantFrom('user.id', 'user.name', 'user.tenant', 'params.school', 'facts.seat.role'),
        fc.constantFrom('facts.course.host.id', 'facts.course.host.user', 'facts.course.status'),
        all(list, '[', fc.constantFrom('0', '1', '-1', 'params.number'), ']'),
        binary(of('string'), '+'),
        all('string(', fc.oneof(of('int'), of('bool')), ')'),
        conditional(of('string')),
      ),
      int: any(
        fc.constantFrom('0', '1', '-1', '2', '0x1F', '9007199254740993', '9223372036854775807'),
        fc.constantFrom('-9223372036854775807', 'params.number', 'facts.course.places'),
        binary(of('int'), '+', '-', '*'),
        all('(', of('int'), fc.constantFrom(' / ', ' % '), fc.constantFrom('0', '1', '3'), ')'),
        all('size(', fc.oneof(of('string'), list), ')'),
        all(fc.oneof(of('string'), list), '.size()'),
        conditional(of('int')),
      ),
      double: any(
        fc.constantFrom('0.0', '-0.0', '1.5', '-1.5', '1e300', '0.1', 'facts.course.price'),
        binary(of('double'), '+', '-', '*', '/'),
        all('double(', of('int'), ')'),
        conditional(of('double')),
      ),
      timestamp: any(
        fc.constantFrom('now', 'facts.course.ends_at', "timestamp('2026-11-27T12:00:00.5+01:00')"),
        fc.constantFrom(
          "timestamp('2024-02-29T23:59:59Z')",
          "timestamp('1969-12-31T23:59:59.999Z')",
        ),
        all('(', of('timestamp'), fc.constantFrom(' + ', ' - '), "duration('1h30m2s5ms'))"),
        conditional(of('timestamp')),
      ),
      bool: any(
        fc.constantFrom(
          'true',
          'false',
          'facts.course.hidden',
          'has(user.name)',
          'has(facts.seat)',
        ),
        fc.constantFrom('has(facts.seat.role)', 'has(facts.course.host.user)', 'has(user.id)'),
        binary(of('bool'), '&&', '||', '==', '!='),
        binary(of('int'), ...comparison),
        binary(of('double'), ...comparison),
        binary(of('timestamp'), ...comparison),
        binary(of('string'), '==', '!='),
        all('(', of('string'), ' in ', list, ')'),
        all('(', of('int'), ' in [', of('int'), ', ', of('int'), '])'),
        all('(', of('double'), ' in [', of('double'), '])'),
        all(
          of('string'),
          fc.constantFrom('.startsWith(', '.endsWith(', '.contains('),
          of('string'),
          ')',
        ),
        all('!', of('bool')),
        loop("x == 'a')"),
        loop('x in user.roles)'),
        loop("x == 'a' || 1 / 0 == 1)"),
        loop('x == user.name)'),
        loop('x.size() < 1 && has(facts.seat))'),
        conditional(of('bool')),
      ),
    };
  },
);

const text = fc.constantFrom('', 'a', 'b', 'ab', '😀', 'é', '\u0000');
const maybe = <T>(name: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((each) => (each === undefined ? {} : { [name]: each }));
const merged = (...parts: readonly fc.Arbitrary<object>[]) =>
  fc.tuple(...parts).map((objects) => Object.assign({}, ...objects) as Record<string, unknown>);
const texts = fc.array(text, { maxLength: 3 });
const int = fc.oneof(fc.integer(), fc.maxSafeInteger());
const time = fc.date({
  min: new Date('0100-01-01T00:00:00Z'),
  max: new Date('9900-01-01T00:00:00Z'),
  noInvalidDate: true,
});

const course = merged(
  fc.record({ status: text, teachers: texts }),
  maybe('places', int),
  maybe('price', fc.double({ noNaN: true })),
  maybe('hidden', fc.boolean()),
  maybe('ends_at', time),
  maybe('host', merged(fc.record({ id: text }), maybe('user', text))),
);
const variables: fc.Arbitrary<Variables> = fc.record({
  params: fc.record({ school: text, number: int }),
  facts: merged(fc.record({ course }), maybe('seat', fc.record({ role: text }))),
  now: time,
  user: merged(fc.record({ id: text, roles: texts }), maybe('tenant', text), maybe('name', text)),
});

/** The variables as the other library takes them. */
function toInput(value: unknown, name = ''): CelInput {
  if (value instanceof Date) return timestampFromDate(value);
  if (Array.isArray(value)) return value.map((each) => toInput(each));
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([key, each]) => [key, toInput(each, key)]));
  const isInt = name === 'places' || name === 'number';
  return isInt ? BigInt(value as number) : (value as CelInput);
}

function secondOpinion(source: string, given: Variables): unknown {
  const bindings = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, toInput(value, name)]),
  );
  const result = run(source, bindings);
  return isCelError(result) ? undefined : result;
}

it('rules have the same results in another implementation of CEL', () => {
  const seen = new Set<unknown>();
  fc.assert(
    fc.property(expressions.bool, variables, (source, given) => {
      assumeWithinLimits(`!(${source})`);
      const expected = secondOpinion(source, given);
      seen.add(expected);
      expect(compileRule(source, scope)(given)).toBe(expected === true);
      // Distinguishes false from an error.
      expect(compileRule(`!(${source})`, scope)(given)).toBe(expected === false);
    }),
    { numRuns: 1000 },
  );
  expect(seen).toEqual(new Set([true, false, undefined]));
});

it.each(['string', 'int', 'double'] as const)('values of type %s have the same results', (type) => {
  fc.assert(
    fc.property(expressions[type], variables, (source, given) => {
      assumeWithinLimits(source);
      expect(compileValue(source, scope, [type])(given)).toEqual(
        asFactValue(secondOpinion(source, given)),
      );
    }),
    { numRuns: 400 },
  );
});

/** Skips expressions that exceed the limits of the port. */
function assumeWithinLimits(source: string): void {
  try {
    compileValue(source, scope, ['string', 'int', 'double', 'bool']);
  } catch (error) {
    fc.pre(!/too deeply|too long|more than/.test(String(error)));
    throw error;
  }
}

/** A number that the port does not return is `undefined`. */
function asFactValue(value: unknown): unknown {
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined;
  return value;
}
