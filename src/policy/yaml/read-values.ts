import type {
  DemoDeclaration,
  FactValuesDeclaration,
  NamedPrincipal,
  PlainValue,
} from './policy-document.ts';
import { entriesOf, mapValues, type Raw } from './raw.ts';
import type { Path } from './read-document.ts';
import { hint, type SchemaFault } from './schema-error.ts';

export type RawFactValues = Raw<readonly Raw<PlainValue>[]>;

export type RawPrincipals = Raw<Raw<PlainValue> & { readonly kind: string }>;

/** The demo, as in the file. */
export interface RawDemo {
  readonly facts?: RawFactValues;
  readonly principals?: RawPrincipals;
  readonly subscribe?: readonly { readonly who: string; readonly channel: string }[];
}

export const toFactValues = (facts: RawFactValues | undefined, at: Path): FactValuesDeclaration =>
  mapValues(facts, at, (list, place) => list.map((values, i) => ({ at: [...place, i], values })));

export const toPrincipals = (
  principals: RawPrincipals | undefined,
  at: Path,
): readonly NamedPrincipal[] =>
  entriesOf(principals, at).map(({ key, value: { kind, ...values }, at: place }) => ({
    at: place,
    name: key,
    kind,
    values,
  }));

export const toDemo = (
  { facts, principals, subscribe = [] }: RawDemo,
  at: Path,
): DemoDeclaration => ({
  at,
  facts: toFactValues(facts, [...at, 'facts']),
  principals: toPrincipals(principals, [...at, 'principals']),
  subscribe: subscribe.map((each, i) => ({ ...each, at: [...at, 'subscribe', i] })),
});

export const checkDemo = ({ principals, subscribe }: DemoDeclaration): readonly SchemaFault[] =>
  subscribe.flatMap((each) => checkWho(each, principals));

/** A check that the schema cannot express: `who` is a principal of the file. */
export function checkWho(
  { who, at }: { readonly who?: string; readonly at: Path },
  principals: readonly NamedPrincipal[],
): readonly SchemaFault[] {
  const names = principals.map(({ name }) => name);
  if (who === undefined || names.includes(who)) return [];
  const message = `${who} is not a principal of this file; ${hint(who, names)}`;
  return [{ path: [...at, 'who'], part: 'value', message }];
}
