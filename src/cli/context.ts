import type { Command } from 'commander';
import type { Environment } from '../config/read.ts';

/** What a command found. With `passed: false` the exit code is 1. */
export interface CommandResult {
  readonly printed: string;
  readonly passed: boolean;
}

/** Reads standard input to its end. */
export type ReadInput = () => Promise<string>;

/** Standard output and standard error. */
export interface Output {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/** What commands are built with. */
export interface Context {
  /** Reads the environment and, outside production, `.env`; throws `ConfigurationError` when that file cannot be read. */
  readonly env: () => Environment;
  readonly readInput: ReadInput;
  /** Prints the result of a command and notes whether the exit code is 0 or 1. */
  readonly report: (result: string | CommandResult) => void;
  readonly output: Output;
}

/** Adds one command to the program. Its action throws `CommandError`, `ConfigurationError`, `Unavailable` or `StartRefused`. */
export type AddCommand = (program: Command, context: Context) => void;
