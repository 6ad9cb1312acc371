import { createHash } from 'node:crypto';
import type { ParameterUse, SqlStatement } from '../../policy/sql/read-statement.ts';
import { rowLimit, type BoundStatement, type ListPage } from './sql-result.ts';

/** As a part of FROM, PostgreSQL refuses a query that changes data. */
export function postgresStatement(statement: SqlStatement): BoundStatement {
  const { written, condition, binds } = compareExactly(statement);
  const single = bound(
    `SELECT * FROM (\n${written}\n) AS fact WHERE ${condition} LIMIT ${rowLimit}`,
    binds,
  );
  return { ...single, grouped: cacheBySize((size) => groupedStatement(statement, size)) };
}

/** The query once for each request, with parameters of its own. All have the same columns. */
function groupedStatement(statement: SqlStatement, size: number): BoundStatement {
  const { binds } = compareExactly(statement);
  const queries = Array.from({ length: size }, (_, index) => {
    const { written, condition } = compareExactly(statement, index * binds.length);
    return `(SELECT ${index}, fact.* FROM (\n${written}\n) AS fact WHERE ${condition} LIMIT ${rowLimit})`;
  });
  const all = queries.flatMap(() => binds);
  return bound(queries.join('\nUNION ALL\n'), all);
}

/** Reads a page of the rows of a query; see `ListPage`. */
export function postgresListStatement(
  statement: SqlStatement,
  { columns, limit }: ListPage,
): BoundStatement {
  const { written, condition, binds } = compareExactly(statement);
  const names = columns.map((name) => `list."${name}"`);
  const texts = names.map((name) => `${name}::text COLLATE "C"`);
  const after = columns.map((_, place) => `$${binds.length + 1 + place}::text`);
  return bound(
    `SELECT ${[...names, ...texts].join(', ')} FROM (\n${written}\n) AS list
WHERE ${[condition, ...names.map((name) => `${name} IS NOT NULL`)].join(' AND ')}
  AND (${texts.join(', ')}) > (${after.join(', ')})
ORDER BY ${texts.join(', ')} LIMIT ${limit}`,
    binds,
  );
}

/**
 * Each use of a parameter has a place of its own, so that PostgreSQL finds the type of each. The value is bound as text once
 * more, and compared with the text of the typed value: `08` and `8 ` would otherwise find the row 8. If a parameter is
 * compared with a column, that is compared as text too: the column may have a type or a collation that ignores case.
 *
 * @param before - The number of parameters before the first one.
 */
function compareExactly({ text, uses }: SqlStatement, before = 0) {
  const names = [...new Set(uses.map(({ name }) => name))];
  const placeOfValue = (place: number) => `$${before + place + 1}`;
  const placeOfText = (name: string) => `${placeOfValue(uses.length + names.indexOf(name))}::text`;
  const written = writeUses(text, uses, (use, place) => {
    const value = placeOfValue(place);
    if (use.comparison === undefined) return value;
    const { operand } = use.comparison;
    const column = text.slice(operand.start, operand.end);
    return `(${column} = ${value} AND (${column})::text COLLATE "C" = ${placeOfText(use.name)})`;
  });
  const conditions = uses.map(
    ({ name }, place) => `${placeOfValue(place)}::text = ${placeOfText(name)}`,
  );
  return {
    written,
    condition: conditions.join(' AND '),
    binds: [...uses.map(({ name }) => name), ...names],
  };
}

/** Writes each use of a parameter, with the comparison in which it is. */
export function writeUses(
  text: string,
  uses: readonly ParameterUse[],
  write: (use: ParameterUse, place: number) => string,
): string {
  let written = '';
  let at = 0;
  for (const [place, use] of uses.entries()) {
    const { start, end } = use.comparison ?? use;
    written += text.slice(at, start) + write(use, place);
    at = end;
  }
  return written + text.slice(at);
}

/** Creates the statement of each size once. */
export function cacheBySize(create: (size: number) => BoundStatement) {
  const statements = new Map<number, BoundStatement>();
  return (size: number): BoundStatement => {
    const statement = statements.get(size) ?? create(size);
    statements.set(size, statement);
    return statement;
  };
}

export function bound(text: string, binds: readonly string[]): BoundStatement {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { name: `usher_${hash}`, text, binds };
}
