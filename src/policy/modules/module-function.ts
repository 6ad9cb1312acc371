import type { RuleInput } from '../principal.ts';
import { InvalidCheck } from './check.ts';
import { ShadowFactRead } from './shadow-facts.ts';

/** A function of a module, which may be JavaScript: it may throw, and may return anything. */
export type ModuleFunction = (input: RuleInput) => unknown;

/** Reads the result of a function. Throws a `TypeError` that describes a valid result. */
export type ReadResult<Result> = (value: unknown) => Result;

/** The function threw, or its result is invalid. */
export const failed: unique symbol = Symbol('failed');

/** Calls a function of a module during a decision. Never throws. */
export function callSafely<Result>(
  call: ModuleFunction,
  input: RuleInput,
  read: ReadResult<Result>,
): Result | typeof failed {
  try {
    return readSync(call(input), read);
  } catch {
    return failed;
  }
}

/**
 * Calls a function of a module with a sample when it is loaded. `failed` if it throws, because it may need values that the sample does
 * not have. Throws the `TypeError` of `read` if the function returns something else than it must, and those of an
 * invalid check and of a fact that it must not read.
 */
export function callWithSample<Result>(
  call: ModuleFunction,
  sample: RuleInput,
  read: ReadResult<Result>,
): Result | typeof failed {
  let value: unknown;
  try {
    value = call(sample);
  } catch (error) {
    if (error instanceof ShadowFactRead || error instanceof InvalidCheck) throw error;
    return failed;
  }
  return readSync(value, read);
}

function readSync<Result>(value: unknown, read: ReadResult<Result>): Result {
  if (value instanceof Promise) {
    // A rejection without a handler would end the process.
    value.catch(() => undefined);
    throw new TypeError('must not be async: it returned a promise');
  }
  return read(value);
}
