import {
  columnTypesOf,
  conversionTo,
  readerOf,
  type ReadValue,
} from '../../database/sql/read-value.ts';
import { isSameColumns, type SqlColumn, type SqlRows } from '../../database/sql/sql-result.ts';
import type { Fact, FactKind, FactValue } from '../../policy/fact-kind.ts';
import { UnusableResponse } from '../source-errors.ts';

/** Reads the row of a fact. Throws `UnusableResponse`. */
type ReadRow = (result: SqlRows, ids: readonly string[]) => Fact | undefined;

/**
 * Creates the function that reads the results for a kind of fact.
 *
 * @param proven - The ids that the result must contain, to prove what was found.
 */
export function createReadRow(kind: FactKind, proven: readonly string[]): ReadRow {
  let last: { readonly columns: readonly SqlColumn[]; readonly plan: Plan } | undefined;
  return ({ columns, rows }, ids) => {
    // The columns are checked even without a row: a changed database must not look like a fact that does not exist.
    if (last === undefined || !isSameColumns(last.columns, columns)) {
      last = { columns, plan: planOf(kind, columns, proven) };
    }
    const [row, another] = rows;
    if (row === undefined) return undefined;
    if (another !== undefined) throw new UnusableResponse('the query found more than one row');
    const { plan } = last;
    for (const { place, id } of plan.ids) if (String(row[place]) !== ids[id]) return undefined;
    return readFields(plan, row);
  };
}

interface Plan {
  /** The columns that have an id. */
  readonly ids: readonly { readonly place: number; readonly id: number }[];
  readonly fields: readonly PlannedField[];
}

interface PlannedField {
  readonly name: string;
  readonly place: number;
  readonly type: string;
  readonly read: ReadValue;
  readonly optional: boolean;
  readonly oneOf: readonly string[] | undefined;
}

/** Finds the column of each field. Other columns are ignored. Throws `UnusableResponse`. */
export function planOf(
  { ids, fields }: FactKind,
  columns: readonly SqlColumn[],
  proven: readonly string[],
): Plan {
  const placeOf = (name: string): number => {
    const place = columns.findIndex((column) => column.name === name);
    if (columns.findLastIndex((column) => column.name === name) !== place) {
      throw new UnusableResponse(`the result has two columns ${name}`);
    }
    return place;
  };
  const unproven = proven.find((id) => placeOf(id) === -1);
  if (unproven !== undefined) {
    throw new UnusableResponse(
      `the result has no column ${unproven}: MySQL compares loosely, so write a condition such as column = :${unproven}, or return the id as the column ${unproven}`,
    );
  }
  return {
    ids: ids.flatMap((name, id) => {
      const place = placeOf(name);
      return place === -1 ? [] : [{ place, id }];
    }),
    fields: Object.entries(fields).map(([name, field]) => {
      const place = placeOf(name);
      const column = columns[place];
      if (column === undefined) {
        const names = columns.map((each) => each.name).join(', ');
        throw new UnusableResponse(`the result has no column ${name}; it has ${names}`);
      }
      const { type } = column;
      // The type of a column that is always NULL is not known.
      const read = type === 'null' ? () => undefined : readerOf(field, column);
      if (read === undefined) {
        throw new UnusableResponse(
          `the column ${name} is ${type}, and a field of the type ${field.type} needs ${columnTypesOf(field).join(', ')}; ${conversionTo(field, name)}`,
        );
      }
      return { name, place, type, read, optional: field.optional, oneOf: field.oneOf };
    }),
  };
}

function readFields({ fields }: Plan, row: readonly unknown[]): Fact {
  const fact: Record<string, FactValue> = {};
  for (const { name, place, type, read, optional, oneOf } of fields) {
    const value = row[place];
    if (value === null || value === undefined) {
      if (optional) continue;
      throw new UnusableResponse(`the column ${name} is NULL, and the field is not optional`);
    }
    const found = read(value);
    if (found === undefined) {
      throw new UnusableResponse(
        `the column ${name} has a value of ${type} that the field cannot have`,
      );
    }
    if (oneOf !== undefined && !oneOf.includes(found as string)) {
      throw new UnusableResponse(`the column ${name} has a value that one_of does not list`);
    }
    fact[name] = found;
  }
  return fact;
}
