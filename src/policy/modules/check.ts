import { check as engineCheck, type Check, type RefusalCode } from '../decision.ts';

/** A check with an invalid name or code, which no input of the rule explains. */
export class InvalidCheck extends TypeError {}

/**
 * A named condition of a rule, and whether it holds. The name is in the audit log and in metrics, so it must not contain values.
 * Throws a `TypeError` unless the condition is a boolean.
 */
export function check(name: string, passed: boolean, code?: RefusalCode): Check {
  const made = engineCheck(name, passed, code);
  if (!isCheck(made)) {
    // A condition may not be a boolean because a sample lacks values.
    const Mistake = typeof passed === 'boolean' ? InvalidCheck : TypeError;
    throw new Mistake(
      `check(name, passed, code?) got ${[name, passed, code].map(kindOf).join(', ')}`,
    );
  }
  return made;
}

const kindOf = (value: unknown): string => (value === null ? 'null' : typeof value);

export function isCheck(value: unknown): value is Check {
  if (typeof value !== 'object' || value === null) return false;
  const { name, passed, code } = value as Readonly<Record<keyof Check, unknown>>;
  return (
    typeof name === 'string' &&
    name.trim() !== '' &&
    typeof passed === 'boolean' &&
    typeof code === 'string'
  );
}
