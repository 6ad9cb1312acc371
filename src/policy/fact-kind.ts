import type { SqlList } from './channel-type.ts';
import type { Forward, VisitorHeaders } from './forward.ts';
import type { SqlQuery } from './sql/query.ts';

/** The types of values that rules read, by their names in CEL. */
export type ValueType = 'string' | 'int' | 'double' | 'bool' | 'timestamp' | 'list(string)';

/** A field of a fact. */
export interface Field {
  /** `guest_session` is the id of a guest session of Usher. Rules read `.id` and, while the session is linked, `.user`. */
  readonly type: ValueType | 'guest_session';
  /** Whether a fact may lack the field. */
  readonly optional: boolean;
  /** The only values of a `string`. */
  readonly oneOf?: readonly string[];
  /** The maximum number of characters of a `string`, or of each element of a `list(string)`. */
  readonly maxLength: number;
  /** The maximum number of elements of a `list(string)`. */
  readonly maxItems: number;
  /** Whether a `timestamp` may be written as a date, which means the end of that day in UTC. */
  readonly dateMeansEndOfDay: boolean;
}

/** The guest session of a fact in rules. */
export interface LinkedGuestSession {
  readonly id: string;
  readonly user?: string;
}

export type FactValue = string | number | boolean | Date | readonly string[] | LinkedGuestSession;

/** A fact in rules: its fields by name. An absent field has no key. */
export type Fact = Readonly<Record<string, FactValue>>;

/** The source of the facts of a kind, if they are not in Usher's own table. */
export type FactOrigin = SqlOrigin | HttpOrigin;

/** A query finds a fact by its ids, which are its parameters. The columns of its row are the fields. */
interface SqlOrigin {
  readonly type: 'sql';
  readonly query: SqlQuery;
  /** How long a row is cached, in milliseconds; 0 to read it for each decision. */
  readonly freshMs: number;
}

/** A kind of fact: its key is a list of ids, its value some fields. */
export interface FactKind {
  readonly name: string;
  /** The names of the ids, in their order. */
  readonly ids: readonly string[];
  readonly fields: Readonly<Record<string, Field>>;
  /** The id or the field that names the tenant of a fact, for row-level security. */
  readonly tenant?: string;
  /** A second path of its facts on the operator's port, such as `/resources/orders/{order}`, with each id once. */
  readonly path?: string;
  /** `undefined` if facts are stored by requests. */
  readonly from?: FactOrigin;
  /** A description of the kind, for the documentation. */
  readonly about?: string;
}

/** A fact is requested from the application by HTTP. */
export interface HttpOrigin {
  readonly type: 'http';
  /** The name of the source. */
  readonly source: string;
  /** The path below the URL of the source, with each id in braces. */
  readonly path: string;
  /** The path of names to the member of the response, for each field that is not a member of its own name. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** The timeout of a request to the application. */
  readonly timeoutMs: number;
  /** The time for which a response is cached. */
  readonly freshMs: number;
  readonly forward: Forward;
}

/** The fact of a kind with these ids. */
export interface FactReference {
  readonly kind: FactKind;
  readonly ids: readonly string[];
}

/** The reader of a fact. Row-level security shows facts of this tenant or of none, and facts with this guest session. */
export interface FactViewer {
  readonly tenantId?: string | undefined;
  readonly guestSessionId?: string | undefined;
  /** The headers of the request, for facts from the application by HTTP. */
  readonly headers?: VisitorHeaders | undefined;
}

/** Finds a fact by its ids; a fact that does not exist is `undefined`. Throws `Unavailable`. */
export type FindFact = (
  kind: FactKind,
  ids: readonly string[],
  viewer: FactViewer,
) => Promise<Fact | undefined>;

/** A query for the facts of a principal, by an index. */
export interface FactQuery {
  readonly kind: FactKind;
  /**
   * The conditions, which all must hold: the value of an id or of a string field, or an element of a `list(string)`.
   * `field.user` of a `guest_session` field is the user to whom the session is linked.
   */
  readonly where: Readonly<Record<string, string>>;
}

/** The names that the conditions of a query for facts of this kind may have: its ids, and the fields that have an index. */
export function conditionsOf({ ids, fields }: FactKind): readonly string[] {
  const byField = Object.entries(fields).flatMap(([name, { type }]) => {
    if (type === 'guest_session') return [name, `${name}.user`];
    return type === 'string' || type === 'list(string)' ? [name] : [];
  });
  return [...ids, ...byField];
}

/** The key of the last fact of each list that has another page, by the list. Both texts are opaque. */
export type ListCursor = Readonly<Record<string, string>>;

/** One page of the facts of a principal. */
export interface FactPage {
  /**
   * The ids of the facts of at least one of these queries, which are of one kind, each once, ordered by their key. Throws
   * `Unavailable`.
   */
  readonly list: (
    queries: readonly FactQuery[],
    viewer: FactViewer,
  ) => Promise<readonly (readonly string[])[]>;
  /** The parameters of the channels of a query by SQL, in the order of `params`. Throws `Unavailable`. */
  readonly listRows: (
    list: SqlList,
    values: Readonly<Record<string, string>>,
  ) => Promise<readonly (readonly string[])[]>;
  /** The cursor of the next page; `undefined` after the last one. Call it after all lists are read. */
  readonly next: () => ListCursor | undefined;
}

/** Opens the first page, or the page after this cursor, in which finished lists are empty. */
export type OpenFactPage = (cursor?: ListCursor) => FactPage;

/** The tenant of the facts with these ids, if the kind names one of its ids. */
function tenantIdOf(kind: FactKind, ids: readonly string[]): string | undefined {
  return kind.tenant === undefined ? undefined : ids[kind.ids.indexOf(kind.tenant)];
}

/** The tenant of a fact: the id or the field that its kind names. */
export function tenantOfFact(
  kind: FactKind,
  ids: readonly string[],
  fields: Readonly<Record<string, unknown>>,
): unknown {
  return tenantIdOf(kind, ids) ?? (kind.tenant === undefined ? undefined : fields[kind.tenant]);
}

/** The field with the guest session of a fact. */
export function guestSessionFieldOf({ fields }: FactKind): string | undefined {
  return Object.keys(fields).find((name) => fields[name]?.type === 'guest_session');
}

/** The tenant and the guest session for which row-level security shows the facts of one read. '' matches no row. */
export function rowSecurityOf(
  kind: FactKind,
  ids: readonly string[],
  viewer: FactViewer | 'operator',
): { readonly tenantId: string; readonly guestSessionId: string } {
  const of: FactViewer = viewer === 'operator' ? {} : viewer;
  return {
    tenantId: tenantIdOf(kind, ids) ?? of.tenantId ?? '',
    guestSessionId: of.guestSessionId ?? '',
  };
}

/**
 * What a fact of a kind depends on: nothing else, the tenant of the viewer, or also the guest session of the fact and its
 * link to a user.
 */
export type Reach = 'everybody' | 'viewer' | 'session';

export function reachOf(kind: FactKind): Reach {
  if (guestSessionFieldOf(kind) !== undefined) return 'session';
  return kind.tenant === undefined ? 'everybody' : 'viewer';
}

/** The maximum number of facts that are stored in one call. */
export const maxFactsPerCall = 1_000;

/** Describes the source of the facts of a kind, for operators. */
export function describeOrigin({ from }: FactKind): string {
  switch (from?.type) {
    case 'sql':
      return `SQL source ${from.query.source}`;
    case 'http':
      return `HTTP source ${from.source}`;
    case undefined:
      return 'pushed';
  }
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** How long a response of a source may be cached, in milliseconds: an older one must not cause a grant. */
export const maxFreshMs = 60_000;

/** A time such as `5s` in milliseconds; NaN for another text. */
export function parseFreshMs(text: string): number {
  const [, amount, unit = ''] = /^([0-9]{1,7})([a-z]+)$/.exec(text) ?? [];
  return Number(amount) * (units[unit] ?? NaN);
}
