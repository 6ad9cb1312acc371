import type { SqlStatement } from '../../policy/sql/read-statement.ts';
import { bound, writeUses } from './postgres-statement.ts';
import { rowLimit, type BoundStatement } from './sql-answer.ts';

/**
 * MySQL compares a text with a number as two numbers, so `8x` and `08` would find the row 8, and compares texts by a
 * collation, which ignores case and spaces at the end. So the column is also compared as its bytes. The first comparison can
 * use the index of the column.
 */
export function mysqlStatement({ text, uses }: SqlStatement): BoundStatement {
  const binds: string[] = [];
  const written = writeUses(text, uses, ({ name, comparison }) => {
    binds.push(name);
    if (comparison === undefined) return '?';
    binds.push(name);
    const column = text.slice(comparison.operand.start, comparison.operand.end);
    return `(${column} = ? AND CAST(CONVERT(${column} USING utf8mb4) AS BINARY) = CAST(? AS BINARY))`;
  });
  return bound(`SELECT * FROM (\n${written}\n) AS fact LIMIT ${rowLimit}`, binds);
}

/** The parameters that are used in another way. The result must have a column of the same name to prove what was found. */
export function unprovenNames({ uses }: SqlStatement): readonly string[] {
  const unproven = uses.filter(({ comparison }) => comparison === undefined);
  return [...new Set(unproven.map(({ name }) => name))];
}
