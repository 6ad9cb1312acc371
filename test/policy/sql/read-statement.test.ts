import { describe, expect, it } from 'vitest';
import { readStatement } from '../../../src/policy/sql/read-statement.ts';
import { SqlFault, type Dialect } from '../../../src/policy/sql/tokenize.ts';

const both: readonly Dialect[] = ['postgres', 'mysql'];

/** The names of the parameters, with `=` before those that are compared with an operand. */
function usesOf(text: string, dialect: Dialect, names = ['a', 'b']): readonly string[] {
  return readStatement(text, dialect, names).uses.map(({ name, start, comparison }) => {
    expect(text.slice(start, start + name.length + 1)).toBe(`:${name}`);
    return comparison === undefined
      ? name
      : `${name}=${text.slice(comparison.operand.start, comparison.operand.end)}`;
  });
}

function faultOf(text: string, dialect: Dialect, names = ['a']): string {
  try {
    readStatement(text, dialect, names);
    return 'none';
  } catch (error) {
    if (!(error instanceof SqlFault)) throw error;
    return `${error.at}: ${error.message}`;
  }
}

describe('the parameters of a statement', () => {
  it.each<[string, readonly string[]]>([
    ['SELECT r FROM t WHERE a = :a AND b = :b', ['a=a', 'b=b']],
    ['select r from t where t.a=:a and (:b = "x".y)', ['a=t.a', 'b="x".y']],
    ["SELECT ':a', 'it''s :a' FROM t WHERE a = :a OR b = :b -- :c", ['a=a', 'b=b']],
    ['SELECT r /* :c */ FROM t WHERE a = :a AND b = :b;', ['a=a', 'b=b']],
    [
      'SELECT r FROM t WHERE lower(x.a) = :a AND :b = coalesce(b, c)',
      ['a=lower(x.a)', 'b=coalesce(b, c)'],
    ],
    ['SELECT r FROM t WHERE a + b = :a AND c = b = :b', ['a', 'b']],
    ['SELECT r FROM t WHERE a = :a + 1 AND NOT b = :b', ['a', 'b=b']],
    ['SELECT r FROM t WHERE c BETWEEN 1 AND a = :a AND b = :b', ['a', 'b=b']],
    ['SELECT r FROM t WHERE c BETWEEN 1 AND 2 AND a = :a AND b = :b', ['a=a', 'b=b']],
    ['SELECT r FROM t WHERE a IN (:a) AND b > :b', ['a', 'b']],
    ['SELECT r FROM t WHERE a >= :a AND f(:a) = :b', ['a', 'a', 'b']],
    ['SELECT r FROM t WHERE :a = ANY(list) AND :b = (SELECT 1)', ['a', 'b']],
    ['SELECT a = :a AS mine FROM t JOIN u ON u.b = :b LEFT JOIN v ON 1 = 1', ['a=a', 'b=u.b']],
  ])('%s', (text, uses) => {
    expect(usesOf(text, 'postgres')).toEqual(uses);
  });

  it('are not found in strings of PostgreSQL', () => {
    const text =
      "SELECT $$ :c $$, $x$ $$ ' :c $x$, E'\\' :c', \"n\"\" :c\", x::text, '\\' /* /* :c */ :c */ FROM t WHERE x[1:2] = :a::int[]";
    expect(usesOf(text, 'postgres', ['a'])).toEqual(['a']);
  });

  it('are not found in strings of MySQL', () => {
    const text =
      'SELECT \'\\\' :c\', "\\" :c", `:c`, @x := 1, 1--1 # :c\n FROM t -- :c\n WHERE a = :a';
    expect(usesOf(text, 'mysql', ['a'])).toEqual(['a=a']);
  });
});

describe('a statement after trimming', () => {
  it.each(both)('has neither semicolon nor comment (%s)', (dialect) => {
    expect(readStatement('SELECT :a ; -- end', dialect, ['a']).text).toBe('SELECT :a');
  });
});

describe.each(both)('a problem (%s) is reported', (dialect) => {
  it.each([
    ['', '0: the query is empty'],
    ['-- nothing', '0: the query is empty'],
    ['SELECT 1 WHERE x = :a; SELECT 2', '23: there may be one statement only'],
    ['SELECT 1 WHERE x = :a;;', '22: there may be one statement only'],
    ['DELETE FROM t WHERE a = :a', '0: the query must begin with SELECT or WITH'],
    ['SELECT :b', '7: :b is not a parameter of this query; there are :a'],
    ['SELECT 1', '0: the query has no :a, so it would select the rows of every a'],
    ["SELECT ' :a", '7: a string or a quoted name is not closed'],
    ['SELECT 1 /* :a', '9: a comment is not closed'],
  ])('%j', (text, fault) => {
    expect(faultOf(text, dialect)).toBe(fault);
  });
});

describe('a problem of one dialect is reported', () => {
  it.each<[Dialect, string, string]>([
    ['postgres', 'SELECT $1, :a', '7: a parameter must have the name of an id, such as :id'],
    ['postgres', 'SELECT $a$ :a', '7: a string or a quoted name is not closed'],
    ['postgres', "SELECT E'\\' :a", '7: a string or a quoted name is not closed'],
    ['mysql', 'SELECT ?, :a', '7: a parameter must have the name of an id, such as :id'],
    ['mysql', 'SELECT /*! 1 */ :a', '7: a comment that MySQL executes'],
    ['mysql', "SELECT '\\' :a", '7: a string or a quoted name is not closed'],
  ])('%s: %j', (dialect, text, fault) => {
    expect(faultOf(text, dialect)).toBe(fault);
  });
});
