import type { SqlStatement } from '../../policy/sql/read-statement.ts';
import { bound, cacheBySize, writeUses } from './postgres-statement.ts';
import { rowLimit, type BoundStatement, type ListPage } from './sql-result.ts';

export function mysqlStatement(statement: SqlStatement): BoundStatement {
  const { written, binds } = compareExactly(statement);
  const from = `FROM (\n${written}\n) AS fact LIMIT ${rowLimit}`;
  const groupOf = (size: number): BoundStatement => {
    const queries = Array.from({ length: size }, (_, i) => `(SELECT ${i}, fact.* ${from})`);
    const all = queries.flatMap(() => binds);
    return bound(queries.join('\nUNION ALL\n'), all);
  };
  return { ...bound(`SELECT * ${from}`, binds), grouped: cacheBySize(groupOf) };
}

/** Reads a page of the rows of a query; see `ListPage`. */
export function mysqlListStatement(
  statement: SqlStatement,
  { columns, limit }: ListPage,
): BoundStatement {
  const { written, binds } = compareExactly(statement);
  const names = columns.map((name) => `list.\`${name}\``);
  const texts = names.map((name) => `CONVERT(${name} USING utf8mb4)`);
  const bytes = texts.map((text) => `CAST(${text} AS BINARY)`);
  return bound(
    `SELECT ${[...names, ...texts].join(', ')} FROM (\n${written}\n) AS list
WHERE ${names.map((name) => `${name} IS NOT NULL`).join(' AND ')}
  AND (${bytes.join(', ')}) > (${columns.map(() => 'CAST(? AS BINARY)').join(', ')})
ORDER BY ${bytes.join(', ')} LIMIT ${limit}`,
    binds,
  );
}

/**
 * MySQL compares a text with a number as two numbers, so `8x` and `08` would find the row 8, and compares texts by a
 * collation, which ignores case and spaces at the end. So the column is also compared as its bytes. The first comparison can
 * use the index of the column.
 */
function compareExactly({ text, uses }: SqlStatement) {
  const binds: string[] = [];
  const written = writeUses(text, uses, ({ name, comparison }) => {
    binds.push(name);
    if (comparison === undefined) return '?';
    binds.push(name);
    const column = text.slice(comparison.operand.start, comparison.operand.end);
    return `(${column} = ? AND CAST(CONVERT(${column} USING utf8mb4) AS BINARY) = CAST(? AS BINARY))`;
  });
  return { written, binds };
}

/** The parameters that are not only compared. The result must have a column of the same name to prove what was found. */
export function unprovenNames({ uses }: SqlStatement): readonly string[] {
  const unproven = uses.filter(({ comparison }) => comparison === undefined);
  return [...new Set(unproven.map(({ name }) => name))];
}
