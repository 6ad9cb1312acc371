import { formOf, type PatternForm } from '../pusher-names.ts';
import type {
  ChannelDeclaration,
  FactReferenceDeclaration,
  InfoEntry,
  KindList,
  KindMember,
  KindRulesDeclaration,
  ListQuery,
} from './policy-document.ts';
import { undeclaredParam, type ParamType } from '../param.ts';
import {
  entriesOf,
  mapValues,
  namesInBraces,
  toExpression,
  type Raw,
  type RawEntry,
} from './raw.ts';
import type { Path } from './read-document.ts';
import { toAsk, type RawAsk } from './read-http.ts';

/** A family of channels, as in the file. */
export interface RawChannel {
  readonly about?: string;
  readonly also?: readonly PatternForm[];
  readonly params?: Raw<ParamType>;
  readonly tenant?: string;
  readonly facts?: Raw<readonly string[] | RawFactReference>;
  readonly allow?: Raw<Raw<string | RawCheck>>;
  readonly ask?: RawAsk;
  readonly list?: Raw<RawListQuery | readonly RawListQuery[]>;
  readonly member?: Raw<RawMember>;
  readonly member_on_private?: boolean;
  readonly denied?: string;
}

interface RawCheck {
  readonly rule: string;
  readonly code?: string;
  readonly shadow?: boolean;
}

interface RawFactReference {
  readonly kind?: string;
  readonly ids: readonly string[];
  readonly optional?: boolean;
}

type RawListQuery =
  | { readonly fact: string; readonly where: Raw<string> }
  | {
      readonly sql: Extract<ListQuery, { readonly type: 'sql' }>['sql'];
      readonly where: Raw<string>;
    }
  | { readonly params: Raw<string> };

interface RawMember {
  readonly id: string;
  readonly info?: Raw<string | { readonly value: string; readonly when?: string }>;
}

export const toChannels = (
  channels: Raw<RawChannel> | undefined,
  at: Path,
): readonly ChannelDeclaration[] => entriesOf(channels, at).map(toChannel);

function toChannel({ key, value, at }: RawEntry<RawChannel>): ChannelDeclaration {
  const { about, denied, tenant, also = [] } = value;
  return {
    at,
    pattern: key,
    forms: [formOf(key) ?? 'private', ...also],
    ...(about !== undefined && { about }),
    ...(denied !== undefined && { denied }),
    ...(tenant !== undefined && { tenant }),
    params: {
      ...(value.ask !== undefined && undeclaredParams(key)),
      ...value.params,
    },
    facts: entriesOf(value.facts, [...at, 'facts']).map(toFactReference),
    allow: entriesOf(value.allow, [...at, 'allow']).map(toRules),
    ...(value.ask !== undefined && { ask: { at: [...at, 'ask'], ...toAsk(value.ask) } }),
    list: entriesOf(value.list, [...at, 'list']).map(toList),
    member: entriesOf(value.member, [...at, 'member']).map(toMember),
    memberOnPrivate: value.member_on_private ?? false,
  };
}

const undeclaredParams = (pattern: string): Readonly<Record<string, ParamType>> =>
  Object.fromEntries(namesInBraces(pattern).map((name) => [name, undeclaredParam]));

function toFactReference({
  key,
  value,
  at,
}: RawEntry<readonly string[] | RawFactReference>): FactReferenceDeclaration {
  const isLong = 'ids' in value;
  const long: RawFactReference = isLong ? value : { ids: value };
  const idsAt = isLong ? [...at, 'ids'] : at;
  return {
    at,
    name: key,
    kind: long.kind ?? key,
    optional: long.optional ?? false,
    ids: long.ids.map((text, i) => toExpression(text, [...idsAt, i])),
  };
}

const toRules = ({ key, value, at }: RawEntry<Raw<string | RawCheck>>): KindRulesDeclaration => ({
  at,
  kind: key,
  checks: entriesOf(value, at).map(({ key: name, value: check, at: place }) =>
    typeof check === 'string'
      ? { at: place, name, rule: toExpression(check, place), isShadow: false }
      : {
          at: place,
          name,
          rule: toExpression(check.rule, [...place, 'rule']),
          isShadow: check.shadow ?? false,
          ...(check.code !== undefined && { code: check.code }),
        },
  ),
});

const toList = ({
  key,
  value,
  at,
}: RawEntry<RawListQuery | readonly RawListQuery[]>): KindList => ({
  at,
  kind: key,
  queries:
    'length' in value ? value.map((query, i) => toQuery(query, [...at, i])) : [toQuery(value, at)],
});

function toQuery(query: RawListQuery, at: Path): ListQuery {
  if ('params' in query) {
    const params = mapValues(query.params, [...at, 'params'], toExpression);
    return { at, type: 'params', params };
  }
  const where = mapValues(query.where, [...at, 'where'], toExpression);
  return 'fact' in query
    ? { at, type: 'fact', fact: query.fact, where }
    : { at, type: 'sql', sql: query.sql, where };
}

const toMember = ({ key, value: { id, info }, at }: RawEntry<RawMember>): KindMember => ({
  at,
  kind: key,
  id: toExpression(id, [...at, 'id']),
  info: entriesOf(info, [...at, 'info']).map(({ key: name, value, at: place }): InfoEntry =>
    typeof value === 'string'
      ? { at: place, name, value: toExpression(value, place) }
      : {
          at: place,
          name,
          value: toExpression(value.value, [...place, 'value']),
          ...(value.when !== undefined && { when: toExpression(value.when, [...place, 'when']) }),
        },
  ),
});
