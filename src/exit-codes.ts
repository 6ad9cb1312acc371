import { Unavailable } from './runtime/unavailable.ts';

/** The exit codes of every program of ours; `usher --help` documents them. */
export const exitCodes = {
  /** Success: granted, or every check passed. */
  done: 0,
  /** Failure: refused, not found, a check failed, or the configuration or the installation must be changed. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A dependency did not respond. The same command may succeed later. */
  unavailable: 3,
} as const;

/** The exit code of a program that ends with this error. */
export function exitCodeFor(error: unknown): number {
  return error instanceof Unavailable ? exitCodes.unavailable : exitCodes.refused;
}
