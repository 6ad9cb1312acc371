/** A statement as a driver takes it. */
export interface BoundStatement {
  /** Identifies the text: a connection prepares it once under this name. */
  readonly name: string;
  readonly text: string;
  /** The names of the values, in the order of the places at which they are bound. */
  readonly binds: readonly string[];
  /**
   * The statement for this number of requests at once, if the dialect has one. Its values are those of the requests, one after the
   * other, and its first column is the number of the request, from 0.
   */
  readonly grouped?: (size: number) => BoundStatement;
}

/**
 * A page of the rows of a query. The result has these columns, then the text of each. The values of the texts after which the page
 * begins are bound after those of the query. Rows with NULL are left out.
 */
export interface ListPage {
  readonly columns: readonly string[];
  readonly limit: number;
}

export interface SqlRequest {
  readonly statement: BoundStatement;
  /** In the order of `binds`. NULL is equal to nothing: it gets the columns of a result without rows. */
  readonly values: readonly (string | null)[];
}

/** A column of a result, as far as the server describes it. */
export interface SqlColumn {
  readonly name: string;
  /** The type, as the server names it. */
  readonly type: string;
  /** Whether MySQL or MariaDB described an expression, or a column of a union, and not a column of a table. */
  readonly isComputed?: boolean;
}

/** Compares names and types. A union of a query with itself has the same ones, although all its columns are computed. */
export function isSameColumns(
  one: readonly SqlColumn[],
  other: readonly SqlColumn[] | undefined,
): boolean {
  return (
    one.length === other?.length &&
    one.every(({ name, type }, i) => other[i]?.name === name && other[i].type === type)
  );
}

/** The rows of a result: a list of values for each row, in the order of the columns. */
export interface SqlRows {
  readonly columns: readonly SqlColumn[];
  readonly rows: readonly (readonly unknown[])[];
}

/** `impossible-value`: a value is invalid for the type with which it is compared, so no row can have it. */
export type SqlResult = SqlRows | 'impossible-value';

/** A query has at most this number of rows: a second one shows that the ids do not select one. */
export const rowLimit = 2;
