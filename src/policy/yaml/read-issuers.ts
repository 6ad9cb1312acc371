import type { ValueType } from '../fact-kind.ts';
import type { AttributeDeclaration, IssuerDeclaration } from './policy-document.ts';
import { entriesOf, type Raw } from './raw.ts';
import type { Path } from './read-document.ts';
import { hint, type Fault } from './schema-error.ts';

/** An issuer, as in the file. */
export interface RawIssuer {
  readonly kind: string;
  readonly id?: readonly string[];
  readonly attributes?: Raw<{ readonly claim: RawClaim; readonly type: ValueType }>;
  readonly revocations?: Raw<Raw<string>>;
}

type RawClaim = string | readonly string[] | { readonly env: string; readonly default: string };

export const toIssuers = (
  issuers: Raw<RawIssuer> | undefined,
  at: Path,
): readonly IssuerDeclaration[] =>
  entriesOf(issuers, at).map(({ key, value, at: place }) => ({
    ...{ at: place, name: key, kind: value.kind, id: value.id ?? [] },
    attributes: entriesOf(value.attributes, [...place, 'attributes']).map(
      ({ key: name, value: { claim, type }, at: attributeAt }): AttributeDeclaration => ({
        ...{ at: attributeAt, name, type },
        claim: typeof claim === 'string' ? [claim] : claim,
      }),
    ),
    revocations: value.revocations ?? {},
  }));

/** What the schema cannot say: an id and a revocation are of attributes. */
export function checkIssuer({
  at,
  id,
  attributes,
  revocations,
}: IssuerDeclaration): readonly Fault[] {
  const known = attributes.map(({ name }) => name);
  const compared = entriesOf(revocations, [...at, 'revocations']).flatMap(({ value, at: place }) =>
    entriesOf(value, place),
  );
  const used = [...id.map((value, i) => ({ value, at: [...at, 'id', i] })), ...compared];
  return used
    .filter(({ value }) => !known.includes(value))
    .map(({ value, at: path }): Fault => {
      const message = `${value} is not an attribute of this issuer; ${hint(value, known)}`;
      return { path, part: 'value', message };
    });
}
