import type { ChannelType } from '../../../src/policy/define-channel.ts';
import type { Principal } from '../../../src/policy/principal.ts';
import { noon } from './principals.ts';

/** One row of a truth table: who asks, for what, given which fact. */
export interface Row {
  readonly who: Principal;
  readonly params?: Readonly<Record<string, string>>;
  readonly fact?: unknown;
  readonly now?: number;
}

/** The verdict of a family's rule: `enters`, `no rule`, or the name of the first check that fails. */
export function verdict(family: ChannelType, { who, params = {}, fact, now = noon }: Row): string {
  const checks = family.check(who, params, { fact, now });
  if (checks === undefined) return 'no rule';
  return checks.find(({ passed }) => !passed)?.name ?? 'enters';
}
