import type { SqlStatement } from '../../policy/sql/read-statement.ts';
import { tokenize, type Token } from '../../policy/sql/tokenize.ts';

/** The role of the source in examples of GRANT. */
const roles = { postgres: 'usher_reader', mysql: "'usher_reader'@'%'" } as const;

/** The GRANTs that a role needs for a query. Usher never writes, so it needs no other ones. */
export function grantsFor({ text, dialect }: SqlStatement): readonly string[] {
  return tablesOf(tokenize(text, dialect)).map(
    (table) => `GRANT SELECT ON ${table} TO ${roles[dialect]};`,
  );
}

const isName = (token: Token | undefined): boolean =>
  token?.type === 'word' || token?.type === 'quoted';

/** The tables after FROM and JOIN, and after the commas between them. */
function tablesOf(tokens: readonly Token[]): readonly string[] {
  const queries = new Set<string>();
  const tables = new Set<string>();
  let isList = false;
  for (const [place, token] of tokens.entries()) {
    const word = token.text.toUpperCase();
    // `name AS (` begins a query of WITH, which is no table.
    if (word === 'AS' && tokens[place + 1]?.text === '(')
      queries.add(tokens[place - 1]?.text ?? '');
    if (['WHERE', 'ON', 'USING', 'GROUP', 'ORDER', 'LIMIT', ')', '('].includes(word))
      isList = false;
    const begins = word === 'FROM' || word === 'JOIN' || (isList && word === ',');
    if (!begins) continue;
    isList = word !== 'JOIN' || isList;
    if (isName(tokens[place + 1])) tables.add(nameAt(tokens, place + 1));
  }
  return [...tables].filter((table) => !queries.has(table));
}

function nameAt(tokens: readonly Token[], place: number): string {
  let name = tokens[place]?.text ?? '';
  for (let at = place + 1; tokens[at]?.text === '.' && isName(tokens[at + 1]); at += 2) {
    name += `.${tokens[at + 1]?.text ?? ''}`;
  }
  return name;
}
