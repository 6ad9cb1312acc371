import { describe, expect, it } from 'vitest';
import { compileRule, compileValue, ExpressionError } from '../../../src/policy/cel/expression.ts';
import { scope, variables, withCourse } from './scope.ts';

const evaluate = (source: string, given: object = variables) =>
  compileRule(source, scope)({ ...given });

/** True, false, or an evaluation error: that is neither the source nor its negation. */
const outcome = (source: string, given: object = variables) => {
  if (evaluate(source, given)) return true;
  return evaluate(`!(${source})`, given) ? false : 'error';
};

describe('a rule', () => {
  it.each([
    ["facts.course.status == 'open'", true],
    ['user.id in facts.course.teachers', true],
    ['user.id in facts.course.teachers || has(facts.seat)', true],
    ["user.tenant == params.school && 'admin' in user.roles", true],
    ["user.id in ['1', '2']", false],
    ['has(user.tenant)', true],
    ['has(user.name)', false],
    ['has(facts.course.host)', true],
    ['has(facts.course.host.user)', false],
    ["facts.course.host.id == 'g1'", true],
    ['now < facts.course.ends_at', true],
    ["now + duration('1h') == facts.course.ends_at", true],
    ["facts.course.ends_at - duration('30m') < now", false],
    ["now >= timestamp('2026-11-27T12:00:00+01:00')", true],
    ['facts.course.places > 19 && facts.course.places <= 20', true],
    ['facts.course.places + 1 == params.number * 3', true],
    ['facts.course.places / 3 == 6 && facts.course.places % 3 == 2', true],
    ['facts.course.price * 2.0 == 19.0', true],
    ['double(facts.course.places) > facts.course.price', true],
    ['!facts.course.hidden', true],
    ["'u' + user.id == 'u15'", true],
    ["string(params.number) == '7' && string(true) == 'true'", true],
    ["user.id.startsWith('1') && user.id.endsWith('5') && params.school.contains('ort')", true],
    ["size(user.roles) == 2 && user.roles.size() == size('ab')", true],
    ["user.roles[0] == 'admin'", true],
    ["user.roles.exists(role, role == 'teacher')", true],
    ["user.roles.all(role, role != 'owner')", true],
    ['-1 < 0 && -1.5 < 0.0', true],
    ['facts.course.hidden ? false : true', true],
    ['user.id == "15" // a comment', true],
  ])('%s → %s', (source, expected) => {
    expect(outcome(source)).toBe(expected);
  });

  it('is false for another user', () => {
    const otherUser = { ...variables, user: { id: '17', roles: [] } };
    expect(outcome('user.id in facts.course.teachers || has(facts.seat)', otherUser)).toBe(false);
  });

  it.each(["facts.seat.role == 'x'", "facts.seat.role != 'x'", "!(facts.seat.role == 'x')"])(
    'that reads an absent fact fails: %s',
    (source) => {
      expect(outcome(source)).toBe('error');
      expect(evaluate(`(${source}) ? true : true`)).toBe(false);
      expect(outcome(`(${source}) || false`)).toBe('error');
      expect(outcome(`(${source}) && true`)).toBe('error');
      expect(outcome(`true && (${source})`)).toBe('error');
      // The other side does not change these results.
      expect(outcome(`(${source}) || true`)).toBe(true);
      expect(outcome(`true || (${source})`)).toBe(true);
      expect(outcome(`(${source}) && false`)).toBe(false);
      expect(outcome(`false && (${source})`)).toBe(false);
    },
  );

  it.each([
    ['has(facts.seat.role)', 'error'],
    ["user.name == 'Ada'", 'error'],
    ["user.roles[2] == 'x'", 'error'],
    ["user.roles[-1] == 'x'", 'error'],
    ['1/0 == 1', 'error'],
    ['1%0 == 1', 'error'],
    ['1/0 == 1 || true', true],
    ['9223372036854775807 + 1 > 0', 'error'],
    ['9223372036854775807 * 2 > 0', 'error'],
    ['-9223372036854775807 - 2 < 0', 'error'],
    ['-9223372036854775807 - 1 < 0', true],
    ['0 - (-9223372036854775807 - 1) > 0', 'error'],
    ['9007199254740993 == 9007199254740992', false],
    ["size('😀') == 1", true],
    ["'\\u00e9' == 'e\\u0301'", false],
    ['0.0 == -0.0', true],
    ['0.0 / 0.0 == 0.0 / 0.0', false],
    ['0.0 / 0.0 != 0.0 / 0.0', true],
    ['1.0 / 0.0 > 1.0', true],
    ['0.1 + 0.2 == 0.3', false],
    ['-7 / 2 == -3 && -7 % 2 == -1', true],
  ])('%s → %s', (source, expected) => {
    expect(outcome(source)).toBe(expected);
  });

  it('loops over a list as CEL does', () => {
    const none = withCourse({ teachers: [] });
    expect(outcome("facts.course.teachers.all(t, t == 'x')", none)).toBe(true);
    expect(outcome("facts.course.teachers.exists(t, t == 'x')", none)).toBe(false);
    const found = "facts.course.teachers.exists(t, t == 'a' || 1/0 == 1)";
    expect(outcome(found, withCourse({ teachers: ['zz', 'a'] }))).toBe(true);
    expect(outcome(found, withCourse({ teachers: ['zz'] }))).toBe('error');
    const refused = "facts.course.teachers.all(t, t != 'a' && 1/0 == 1)";
    expect(outcome(refused, withCourse({ teachers: ['zz', 'a'] }))).toBe(false);
  });
});

/** Each source has its fault at ‸. */
const faults: readonly (readonly [string, string])[] = [
  ["user.‸tennant == 'x'", 'unknown field tennant; did you mean tenant?'],
  ['!has(user.‸tennant)', 'unknown field tennant; did you mean tenant?'],
  ['has(facts.‸saet.role)', 'unknown field saet; did you mean seat?'],
  ['has(facts.seat.‸rank)', 'unknown field rank; known: role'],
  ["‸usr.id == 'x'", 'unknown name usr; did you mean user?'],
  ['true || ‸x', 'unknown name x; known: params, facts, now, user'],
  ["user.id == '😀' && ‸x", 'unknown name x; known: params, facts, now, user'],
  ["true &&\n  user.‸tennant == 'x'", 'unknown field tennant; did you mean tenant?'],
  ['‸nope()', 'unknown function nope; known: size, string, double, has, timestamp, duration'],
  ["user.id.‸startWith('x')", 'unknown function startWith; did you mean startsWith?'],
  ["(user.id) // c\n . ‸startWith('x')", 'unknown function startWith; did you mean startsWith?'],
  ["user.id.‸size('x') == 1", 'string.size(string) is not supported'],
  ['‸size(1) == 1', 'size(int) is not supported'],
  ['‸user.id', 'must be bool, but is string'],
  [' ‸facts.course', 'must be bool, but is object'],
  ['‸user.id == 1', 'string == int is not supported'],
  ['‸1 == 1.0', 'int == double is not supported'],
  ['‸1 < 1.5', 'int < double is not supported'],
  ["‸user.id < 'x'", 'string < string is not supported'],
  ['‸user.id && true', 'string && bool is not supported'],
  ['‸user == user', 'object == object is not supported'],
  ['‸user.roles == user.roles', 'list(string) == list(string) is not supported'],
  ["‸'a' in 'abc'", 'string in string is not supported'],
  ['‸1 in facts.course.teachers', 'int in list(string) is not supported'],
  ['!‸user.id', 'must be bool, but is string'],
  ["[1, ‸'a'] == [1]", 'must be int, but is string'],
  ['size(‸[]) == 0', 'an empty list has no type; use size()'],
  ['size([‸[1]]) == 0', 'lists of list(int) are not supported'],
  ["true ? 1 : ‸'a'", 'must be int, but is string'],
  ['(true ? ‸user : user).id == user.id', '? and : are not for objects'],
  ['user.id == ‸null', 'null is not supported; use has()'],
  ["‸b'a' == b'a'", 'bytes and uint are not supported'],
  ['‸1u == 1u', 'bytes and uint are not supported'],
  ['‸9223372036854775808 > 0', 'the number is too large for an int'],
  ["user[‸'constructor'] == 'x'", 'write a field after a dot, such as user.id'],
  ["user.id[‸0] == 'x'", 'string has no elements'],
  ["user.roles[‸'0'] == 'x'", 'must be int, but is string'],
  ['user.id.‸length == 2', 'string has no fields; CEL writes size()'],
  ['user.roles.‸length == 2', 'list(string) has no fields; CEL writes size()'],
  ["user.roles.‸includes('x')", 'unknown function includes; CEL writes in'],
  ['‸has(user)', 'has() takes a field, such as has(user.name)'],
  ["‸has(user['id'])", 'has() takes a field, such as has(user.name)'],
  ['‸has(user.id, user.name)', 'has() takes a field, such as has(user.name)'],
  ['1 % ‸params.number == 0', 'the divisor must be a number in digits'],
  ['1 / ‸-1 == 0', 'the divisor must be a number in digits'],
  ['‸-params.number < 0', '- takes a number in digits; write 0 - x instead of -x'],
  ['‸--1 < 0', '- takes a number in digits; write 0 - x instead of -x'],
  ["user.roles.exists(‸user, user == 'x')", 'user is already in use as a name'],
  [
    "user.roles.exists(‸constructor, constructor == 'x')",
    'constructor is already in use as a name',
  ],
  ['user.id.‸exists(x, true)', 'exists() is not for string'],
  ['user.roles.exists(x, ‸x)', 'must be bool, but is string'],
  ["user.roles.exists(x, true) && ‸x == 'a'", 'unknown name x; known: params, facts, now, user'],
  ['user.roles.all(x, user.roles.‸exists(y, y == x))', 'exists() is not supported in a loop'],
  ['user.roles.‸all(x)', 'all() takes a new name and a condition'],
  [
    "user.roles.all(‸'x', true)",
    'a loop takes a new name and a condition, such as list.exists(x, x == user.id)',
  ],
  ["user.id == 'u1' ‸@", 'unexpected @'],
  ['user.id == ‸', 'the expression ends too early'],
  ['‸', 'the expression ends too early'],
  ["user.id ‸= 'x'", 'unexpected =; CEL writes =='],
  ['true ‸and true', 'unexpected and; CEL writes &&'],
  ['true ‸or true', 'unexpected or; CEL writes ||'],
  ['true ‸& true', 'unexpected &; CEL writes &&'],
  ['true ‸| true', 'unexpected |; CEL writes ||'],
  ['true ‸AND true', 'unexpected AND; CEL writes &&'],
  ['true && ‸not true', 'unexpected not; CEL writes !'],
  ["user.id ‸not in ['x']", 'unexpected not; CEL writes !'],
  ['‸not(true)', 'unknown function not; CEL writes !'],
  ["user.id ‸is 'x'", 'unexpected is; CEL writes =='],
  ["user.id ==‸= 'x'", 'unexpected ===; CEL writes =='],
  ["user.id !=‸= 'x'", 'unexpected !==; CEL writes !='],
  ["user.id <‸> 'x'", 'unexpected <>; CEL writes !='],
  ["user.id == 'not ' ‸@", 'unexpected @'],
  ['true == ‸True', 'unknown name True; CEL writes true'],
  ["user.id == ‸'x", 'unterminated string'],
  ["user.id == '‸\\q'", 'invalid escape sequence: \\q'],
  ['true || ‸while', 'while is a reserved word'],
  ['‸😀', 'unexpected 😀'],
  ["user.‸?name == 'x'", 'unexpected ?'],
];

describe('an expression is refused when it is compiled', () => {
  it.each(faults)('%s: %s', (marked, message) => {
    const offset = marked.indexOf('‸');
    expect(faultOf(marked.replace('‸', ''))).toEqual({ message, offset });
  });

  it.each([
    ["‸dyn('1') in dyn({1: 'a'})"],
    ["‸{'constructor': 1}.size() == 1"],
    ['‸-(-9223372036854775808) > 0'],
    ["duration(‸'0.1s') - duration('0.3s') == duration('-0.2s')"],
    ["‸duration('1s') - duration('3s') == duration('2s')"],
    ["user.id.‸matches('(a+)+$')"],
    ['cel.‸bind(x, true, x)'],
    ['user.roles.‸map(x, x).size() == 1'],
    ['user.roles.‸filter(x, true).size() == 1'],
    ['user.roles.‸exists_one(x, true)'],
    ["‸bytes('a').size() == 1"],
    ['optional.of(1).‸hasValue()'],
    ["now.‸getHours('UTC') == 1"],
    ['now.‸getFullYear() == 2026'],
    ["user.id.‸lowerAscii() == 'x'"],
    ["user.id.‸substring(1) == 'x'"],
    ["‸int('') == 0"],
    ['‸type(user.id) == type(user.id)'],
    ['‸google.protobuf.Timestamp == int'],
    ['‸int == int'],
  ])('%s, which the library does not evaluate as CEL defines it', (marked) => {
    expect(faultOf(marked.replace('‸', '')).offset).toBe(marked.indexOf('‸'));
  });

  it.each([
    '2023-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-27T24:00:00Z',
    '2026-11-27T12:00:60Z',
    '2026-11-27T12:00:00',
    '2026-11-27 12:00:00Z',
    '2024-01-01 00:00:00.000',
    '2026-11-27T12:00:00.0001Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-00:01',
    '+02026-11-27T12:00:00Z',
    '2026-11-27',
    '',
  ])('with timestamp %j', (text) => {
    const { offset, message } = faultOf(`now < timestamp('${text}')`);
    expect([offset, message]).toEqual([
      16,
      "not a timestamp; write it as timestamp('2026-01-31T12:00:00Z')",
    ]);
  });

  it.each(['', '1', 'h', '1.5h', '-1h', '1h ', '1d', '1us', '876001h', '999999999h999999999h'])(
    'with duration %j',
    (text) => {
      const { offset, message } = faultOf(`now < now + duration('${text}')`);
      expect([offset, message]).toEqual([
        21,
        "not a duration; write it as duration('1h30m'), at most 100 years",
      ]);
    },
  );

  it('with a timestamp or duration that is not a constant', () => {
    expect(faultOf('now < timestamp(user.id)').offset).toBe(6);
    expect(faultOf('now < timestamp(1)').offset).toBe(6);
    expect(faultOf('now < now + duration(user.id)').offset).toBe(12);
  });
});

describe('a value', () => {
  const valueOf = (source: string, given: object = variables) => {
    const types = ['string', 'int', 'double', 'bool', 'timestamp', 'list(string)'] as const;
    return compileValue(source, scope, types)({ ...given });
  };

  it.each([
    ['user.id', '15'],
    ["'guest_' + user.id", 'guest_15'],
    ["has(user.name) ? user.name : 'Guest'", 'Guest'],
    ['params.number + 1', 8],
    ['facts.course.price', 9.5],
    ['0.0 * -1.0', 0],
    ['user.id in facts.course.teachers', true],
    ['user.roles', ['admin', 'teacher']],
    ['now', variables.now],
    ['user.name', undefined],
    ['9007199254740993', undefined],
    ['1.0 / 0.0', undefined],
    ['0.0 / 0.0', undefined],
    ['1 / 0', undefined],
  ])('%s → %j', (source, expected) => {
    expect(valueOf(source)).toEqual(expected);
  });

  it.each([
    ['user.id', 1],
    ['user.id', null],
    ['user.id', ['15']],
    ['user.roles', 'admin'],
    ['facts.course.places', '20'],
    ['facts.course.places', 2 ** 53],
    ['facts.course.price', '9.5'],
    ['facts.course.hidden', 'true'],
    ['facts.course.ends_at', '2026-11-27T12:00:00Z'],
    ['facts.course.ends_at', new Date(NaN)],
  ])('%s is missing if it has another type than declared: %j', (source, value) => {
    const [root = '', ...path] = source.split('.');
    const given = path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
    expect(valueOf(source, { ...variables, [root]: given })).toBeUndefined();
  });

  it('is missing if its property is inherited', () => {
    const user = Object.create(variables.user) as object;
    expect(valueOf('user.id', { ...variables, user })).toBeUndefined();
  });

  it('has one of the required types', () => {
    expect(() => compileValue('user.roles', scope, ['string', 'bool'])).toThrow(
      new ExpressionError('must be string or bool, but is list(string)', 0),
    );
    expect(() => compileValue('user', scope, ['string'])).toThrow('must be string, but is object');
    expect(() => compileValue("duration('1h')", scope, ['string'])).toThrow('but is duration');
  });
});

describe('a variable of another type than declared', () => {
  it.each([
    ["facts.course.status != 'x'", { status: 1 }],
    ["facts.course.status != 'x'", { status: null }],
    ["facts.course.status != 'x'", { status: ['open'] }],
    ["facts.course.status != 'x'", { status: {} }],
    ['has(facts.course.price)', { price: '9.5' }],
    ['has(facts.course.price)', { price: null }],
    ['facts.course.places != 1', { places: '20' }],
    ['facts.course.places != 1', { places: 1.5 }],
    ['facts.course.places != 1', { places: 2 ** 53 }],
    ['!facts.course.hidden', { hidden: 'false' }],
    ['!facts.course.hidden', { hidden: 0 }],
    ['now < facts.course.ends_at', { ends_at: '2026-11-27T12:00:00Z' }],
    ['!(facts.course.ends_at < now)', { ends_at: new Date(NaN) }],
    ["!('x' in facts.course.teachers)", { teachers: 'abc' }],
    ["!('x' in facts.course.teachers)", { teachers: null }],
    ["facts.course.host.id == 'g1'", { host: 'g1' }],
    ['!has(facts.course.host.user)', { host: null }],
    ['!has(facts.course.host.user)', { host: 'g1' }],
  ])('is an evaluation error: %s of %j', (source, course) => {
    expect(evaluate(source)).toBe(true);
    expect(outcome(source, withCourse(course))).toBe('error');
  });

  it.each([{}, { facts: null }, { facts: 'x' }, { facts: {} }, { facts: { course: [] } }])(
    'or a missing variable is an evaluation error, too: %j',
    (given) => {
      expect(outcome("facts.course.status == 'open'", given)).toBe('error');
    },
  );
});

function faultOf(source: string): { readonly message: string; readonly offset: number } {
  try {
    compileRule(source, scope);
  } catch (error) {
    if (error instanceof ExpressionError) return { message: error.message, offset: error.offset };
    throw error;
  }
  throw new Error(`Was compiled: ${source}`);
}
