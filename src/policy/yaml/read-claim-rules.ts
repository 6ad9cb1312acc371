import type { ClaimRule, ClaimValue } from '../policy.ts';
import type { Raw } from './raw.ts';

/** The required value of a claim, as in the file. */
export type RawClaimRule =
  | ClaimValue
  | readonly ClaimValue[]
  | { readonly present: true }
  | { readonly if_present: ClaimValue | readonly ClaimValue[] }
  | { readonly differs_from: string };

export const toClaimRules = (rules: Raw<RawClaimRule> | undefined): Raw<ClaimRule> =>
  Object.fromEntries(Object.entries(rules ?? {}).map(([name, rule]) => [name, toClaimRule(rule)]));

function toClaimRule(rule: RawClaimRule): ClaimRule {
  if (typeof rule !== 'object') return { values: [rule], isOptional: false };
  if (isList(rule)) return { values: rule, isOptional: false };
  if ('present' in rule) return 'present';
  if ('differs_from' in rule) return { differsFrom: rule.differs_from };
  const { if_present: allowed } = rule;
  return { values: typeof allowed === 'object' ? allowed : [allowed], isOptional: true };
}

const isList = (rule: RawClaimRule): rule is readonly ClaimValue[] => Array.isArray(rule);

/** Whether the rule selects tokens by a value that the operator declares. */
export const isBinding = (rule: ClaimRule | undefined): boolean =>
  typeof rule === 'object' && 'values' in rule && !rule.isOptional;
