import { type FactOrigin, type HttpOrigin, parseFreshMs, maxFreshMs } from '../fact-kind.ts';
import { pathFaults } from '../yaml/read-facts.ts';
import { checkForward, checkMembers, toHttpFact } from '../yaml/read-http.ts';
import { partProblem } from '../yaml/validate.ts';
import { withSourceName, type DefinedSource } from './define-source.ts';
import { readSqlSpec, type Invalid, type SqlSpec } from './sql-spec.ts';

/** The source of the facts of a kind, if the application does not store them: one of `sql` and `http`. */
export interface OriginSpec {
  /** A query of a database of the application, which finds the row of a fact by its ids, such as `:user`. */
  readonly sql?: SqlSpec;
  /** A request to the application, with each id in the path. */
  readonly http?: HttpSpec;
  /** How long a response is cached, such as `5s`; at most `60s`. By default Usher queries the source for each decision. */
  readonly fresh?: string;
}

/** As `http` of a fact in YAML. */
export interface HttpSpec {
  readonly source: string | DefinedSource;
  /** Such as `/orders/{order}`. */
  readonly path: string;
  readonly timeout?: string;
  readonly fresh?: string;
  /** Where the fields are in the response: `{ owner: ['data', 'owner_id'] }`. By default each is a member of its name. */
  readonly members?: Readonly<Record<string, string | readonly string[]>>;
  readonly forward?: readonly (string | { readonly cookie: readonly string[] })[];
}

/** Reads the origin of a kind. Throws an `Error` of `invalid`. */
export function readOrigin(
  { sql, http, fresh }: OriginSpec,
  { ids, fields }: { readonly ids: readonly string[]; readonly fields: readonly string[] },
  invalid: Invalid,
): FactOrigin | undefined {
  if (sql !== undefined && http !== undefined) throw invalid('a fact has one source: sql or http');
  if (sql !== undefined) {
    const query = readSqlSpec(sql, ids, invalid);
    return { type: 'sql', query, freshMs: readFresh(fresh, invalid) };
  }
  if (http !== undefined) return readHttp(http, { ids, fields, fresh, invalid });
  if (fresh !== undefined) throw invalid('has no source, so fresh has no effect');
  return undefined;
}

function readHttp(
  spec: HttpSpec,
  {
    ids,
    fields,
    fresh,
    invalid,
  }: {
    readonly ids: readonly string[];
    readonly fields: readonly string[];
    readonly fresh: string | undefined;
    readonly invalid: Invalid;
  },
): HttpOrigin {
  const declared = withSourceName(spec);
  const problem = partProblem('httpFact', declared);
  if (problem !== undefined) throw invalid(`http: ${problem}`);
  if (fresh !== undefined && spec.fresh !== undefined) throw invalid('fresh is declared twice');
  const http = toHttpFact(declared);
  const [fault] = [
    ...pathFaults(http.path, ids),
    ...checkForward(http.forward, []),
    ...checkMembers(http.members, fields, []),
  ];
  if (fault !== undefined) throw invalid(`http: ${fault.message}`);
  return { type: 'http', ...http, freshMs: readFresh(fresh ?? spec.fresh, invalid) };
}

function readFresh(text: unknown = '0s', invalid: Invalid): number {
  const ms = parseFreshMs(String(text));
  if (!(ms <= maxFreshMs)) throw invalid('fresh must be a time such as 5s, at most 60s');
  return ms;
}
