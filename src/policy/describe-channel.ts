import type { ChannelType } from './channel-type.ts';
import { ruleName } from './principal.ts';

/** A channel type in the generated lists. */
export interface ChannelDescription {
  /** The pattern in each form. */
  readonly patterns: readonly string[];
  readonly about: string;
  /** The names of the checks for each accepted kind of principal, by the name of the kind in policies. */
  readonly checks: Readonly<Record<string, readonly string[]>>;
}

export function describeChannel({ pattern, forms, about, rules }: ChannelType): ChannelDescription {
  const body = pattern.text.slice(pattern.form.length);
  return {
    patterns: forms.map((form) => form + body),
    about,
    checks: Object.fromEntries([...rules].map(([kind, { names }]) => [ruleName(kind), names])),
  };
}
