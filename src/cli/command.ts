import type { Environment } from '../config/read.ts';

/** What a command found: printed, and where it is bad the program's exit code is 1. */
export interface Verdict {
  readonly printed: string;
  readonly passed: boolean;
}

/** Reads standard input to its end. */
export type ReadInput = () => Promise<string>;

/** One command of the `usher` program. */
export interface Command {
  /** One line, or several, for the list of commands. */
  readonly usage: string;
  /** Does it, and gives what is to be printed. Throws `UsageError` when it was called wrongly. */
  readonly run: (
    args: readonly string[],
    env: Environment,
    readInput: ReadInput,
  ) => Promise<string | Verdict | undefined>;
}

/** The command was called wrongly, or cannot be done here; the message says how to call it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
