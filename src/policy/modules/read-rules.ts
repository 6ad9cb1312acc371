import type { ModuleFunction } from './module-function.ts';

/** The rules for a kind of principal, in their order. */
export interface RuleFunctions {
  readonly deciding: readonly ModuleFunction[];
  /** With the shadow rules, whose checks are only compared. */
  readonly all: readonly ModuleFunction[];
}

/** Whether the application decides about a channel, besides its rules. */
export type AskMode = 'none' | 'decides' | 'shadow';

/** Reads the rules of `allow` for a kind of principal. Throws a `TypeError`. */
export function readRules(kind: string, declared: unknown, mode: AskMode): RuleFunctions {
  const entries: readonly unknown[] = Array.isArray(declared) ? Array.from(declared) : [declared];
  const rules = entries.map((each) => readRule(`allow.${kind}`, each));
  const all = rules.map(({ rule }) => rule);
  const deciding = rules.flatMap(({ rule, isShadow }) => (isShadow ? [] : [rule]));
  if (mode === 'shadow' && deciding.length < all.length) {
    throw new TypeError('either rules or the application may be a shadow, not both');
  }
  if (mode !== 'decides' && deciding.length === 0) {
    throw new TypeError(
      all.length === 0
        ? `allow.${kind} has no rule`
        : `every rule of ${kind} is a shadow, so none decides`,
    );
  }
  return { deciding, all };
}

function readRule(place: string, declared: unknown) {
  if (typeof declared === 'function') return { rule: declared as ModuleFunction, isShadow: false };
  const { rule, shadow, ...others } = Object(declared) as Readonly<Record<string, unknown>>;
  const isOptionalFlag = shadow === undefined || typeof shadow === 'boolean';
  if (typeof rule !== 'function' || !isOptionalFlag || Object.keys(others).length > 0) {
    throw new TypeError(`${place} is not a function, nor { rule, shadow }, nor an array of these`);
  }
  return { rule: rule as ModuleFunction, isShadow: shadow === true };
}
