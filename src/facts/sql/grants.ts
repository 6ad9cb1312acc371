import type { SqlStatement } from '../../policy/sql/read-statement.ts';
import { tokenize, type Token } from '../../policy/sql/tokenize.ts';
import { bound } from '../../database/sql/postgres-statement.ts';
import type { SqlResult, SqlRequest } from '../../database/sql/sql-result.ts';

/** The role of the source in examples of GRANT. */
const roles = { postgres: 'usher_reader', mysql: "'usher_reader'@'%'" } as const;

/**
 * The GRANTs that a role needs for a query. Usher never writes, so it needs no other ones.
 *
 * @param stored - The functions of `unqualifiedFunctions` that are not of the server.
 */
export function grantsFor(
  { text, dialect }: SqlStatement,
  stored: readonly string[] = [],
): readonly string[] {
  const tokens = tokenize(text, dialect);
  const tables = tablesOf(tokens);
  const functions = functionsOf(tokens).filter(
    (name) => name.schema !== undefined || stored.includes(name.text),
  );
  const rights = [
    ...(dialect === 'postgres'
      ? schemasOf([...tables, ...functions]).map((schema) => `USAGE ON SCHEMA ${schema}`)
      : functions.map((name) => `EXECUTE ON FUNCTION ${name.text}`)),
    ...tables.map((table) => `SELECT ON ${table.text}`),
  ];
  return [...new Set(rights)].map((right) => `GRANT ${right} TO ${roles[dialect]};`);
}

/** The name of a table or of a function. */
interface Name {
  readonly text: string;
  readonly schema: string | undefined;
  /** The token after it. */
  readonly next: Token | undefined;
}

/** Schemas that every role of PostgreSQL may use. */
const openSchemas = /^"?(?:public|pg_catalog|information_schema)"?$/i;

const schemasOf = (names: readonly Name[]): readonly string[] =>
  names.flatMap(({ schema }) => schema ?? []).filter((schema) => !openSchemas.test(schema));

/**
 * The functions of a query for MySQL that have no database in their names. They are of the server, or of the database: those need
 * a GRANT, and those of PostgreSQL need none, because every role may call them.
 */
function unqualifiedFunctions({ text, dialect }: SqlStatement): readonly string[] {
  if (dialect === 'postgres') return [];
  const names = functionsOf(tokenize(text, dialect)).filter(({ schema }) => schema === undefined);
  return [...new Set(names.map((name) => name.text))];
}

/** The names before an opening parenthesis. */
const functionsOf = (tokens: readonly Token[]): readonly Name[] =>
  tokens.flatMap((token, place) => {
    if (!isName(token) || tokens[place - 1]?.text === '.') return [];
    const name = nameAt(tokens, place);
    return upper(name.next) === '(' ? [name] : [];
  });

/** Keywords after which a list of tables ends. */
const ends: ReadonlySet<string> = new Set([
  'WHERE',
  'GROUP',
  'HAVING',
  'WINDOW',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'FETCH',
  'FOR',
  'UNION',
  'EXCEPT',
  'INTERSECT',
  'SELECT',
]);
/** Keywords between FROM and a table, and keywords in the place of a table. */
const before: ReadonlySet<string> = new Set(['ONLY', 'LATERAL']);
const noTables: ReadonlySet<string> = new Set(['SELECT', 'VALUES', 'DUAL', 'ROWS']);

const upper = (token: Token | undefined): string =>
  token?.type === 'word' || token?.type === 'symbol' ? token.text.toUpperCase() : '';

const isName = (token: Token | undefined): boolean =>
  token?.type === 'quoted' || (token?.type === 'word' && !noTables.has(upper(token)));

/** A query, or what is in parentheses. */
interface Level {
  /** Whether it has a SELECT. `EXTRACT(year FROM …)` has none, so its FROM has no tables. */
  isQuery: boolean;
  /** Whether a table may follow a comma or an opening parenthesis. */
  isList: boolean;
}

/** The tables after FROM, JOIN and TABLE, and after the commas between them. */
function tablesOf(tokens: readonly Token[]): readonly Name[] {
  const tables: Name[] = [];
  const levels: Level[] = [{ isQuery: false, isList: false }];
  for (const [place, token] of tokens.entries()) {
    const word = upper(token);
    const level = levels.at(-1) ?? { isQuery: false, isList: false };
    if (word === '(') {
      // `FROM (a JOIN b …)`
      const isNested =
        level.isList && ['FROM', 'JOIN', ',', '('].includes(upper(tokens[place - 1]));
      levels.push({ isQuery: isNested, isList: isNested });
      if (isNested) addTable(tokens, place + 1, tables);
    } else if (word === ')') levels.pop();
    else if (isFrom(tokens, place, level)) {
      level.isList = true;
      addTable(tokens, place + 1, tables);
    } else if (word === ',' && level.isList) addTable(tokens, place + 1, tables);
    else if (ends.has(word)) {
      level.isList = false;
      level.isQuery ||= word === 'SELECT';
    }
  }
  const queries = namesOfWith(tokens);
  return tables.filter(({ text }) => !queries.has(text));
}

function isFrom(tokens: readonly Token[], place: number, { isQuery, isList }: Level): boolean {
  const word = upper(tokens[place]);
  const previous = upper(tokens[place - 1]);
  // `IS DISTINCT FROM` compares.
  if (word === 'FROM') return isQuery && previous !== 'DISTINCT';
  return (
    word === 'JOIN' ||
    // `SELECT STRAIGHT_JOIN columns` is an option.
    (word === 'STRAIGHT_JOIN' && isList) ||
    (word === 'TABLE' && ['', '(', ')'].includes(previous))
  );
}

/** The name at this place, unless it is that of a function. */
function addTable(tokens: readonly Token[], place: number, tables: Name[]): void {
  const first = before.has(upper(tokens[place])) ? place + 1 : place;
  if (!isName(tokens[first])) return;
  const name = nameAt(tokens, first);
  if (upper(name.next) !== '(') tables.push(name);
}

/** The names of the queries of WITH: `name AS (` or `name (columns) AS (`. */
function namesOfWith(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [place, token] of tokens.entries()) {
    const beginning = tokens.slice(place + 1, place + 4).findIndex((each) => upper(each) === '(');
    if (upper(token) !== 'AS' || beginning === -1) continue;
    const columns = upper(tokens[place - 1]) === ')';
    const open = tokens.findLastIndex((each, at) => at < place && upper(each) === '(');
    names.add(tokens[columns ? open - 1 : place - 1]?.text ?? '');
  }
  return names;
}

function nameAt(tokens: readonly Token[], place: number): Name {
  const parts = [tokens[place]?.text ?? ''];
  let at = place + 1;
  for (; tokens[at]?.text === '.' && isName(tokens[at + 1]); at += 2) {
    parts.push(tokens[at + 1]?.text ?? '');
  }
  return { text: parts.join('.'), schema: parts.at(-2), next: tokens[at] };
}

/**
 * The stored functions that a query calls, as the query writes them. Only the server can distinguish them from built-in functions. It
 * lists only those that the login may execute. Throws `Unavailable`.
 */
export async function storedFunctions(
  query: SqlStatement,
  execute: (request: SqlRequest) => Promise<SqlResult>,
): Promise<readonly string[]> {
  const written = unqualifiedFunctions(query);
  if (written.length === 0) return [];
  const names = written.map(nameOf);
  const statement = bound(
    `SELECT ROUTINE_NAME FROM information_schema.ROUTINES
WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = 'FUNCTION' AND ROUTINE_NAME IN (${names.map(() => '?').join(', ')})`,
    names,
  );
  const result = await execute({ statement, values: names });
  const found = result === 'impossible-value' ? [] : result.rows.map(([name]) => String(name));
  return written.filter((each) => found.some((name) => isSame(name, nameOf(each))));
}

/** The name without its quotes. */
const nameOf = (written: string): string =>
  written.startsWith('`') ? written.slice(1, -1).replaceAll('``', '`') : written;

/** Names of functions ignore case. */
const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
