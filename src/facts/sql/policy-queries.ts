import type { SqlList } from '../../policy/channel-type.ts';
import type { FactKind } from '../../policy/fact-kind.ts';
import type { Policy } from '../../policy/policy.ts';
import type { SqlQuery } from '../../policy/sql/query.ts';

/** The subject of a query: a fact of a kind, or a list of channels. */
export type Queried = FactKind | SqlList;

/** A query of a policy. */
export interface PolicyQuery {
  readonly queried: Queried;
  readonly query: SqlQuery;
}

/** All queries of a policy. */
export function queriesOf({ factKinds, channels }: Policy): readonly PolicyQuery[] {
  const facts = [...factKinds.values()].flatMap((kind) =>
    kind.from?.type === 'sql' ? [{ queried: kind, query: kind.from.query }] : [],
  );
  const lists = channels.channelTypes
    .flatMap(({ rules }) => [...rules.values()].flatMap(({ sqlLists = [] }) => sqlLists))
    .map((list) => ({ queried: list, query: list.query }));
  return [...facts, ...lists];
}

export const isListQuery = (queried: Queried): queried is SqlList => 'principal' in queried;

/** The name of the subject of a query, for messages. */
export function nameOfQueried(queried: Queried): string {
  return isListQuery(queried)
    ? `list ${queried.channel} of ${queried.principal}`
    : `fact ${queried.name}`;
}
