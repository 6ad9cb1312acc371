import type { Command } from 'commander';
import type { Environment } from '../config/read.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Progress } from './progress.ts';

/** The output of a command. With `passed: false` the exit code is 1. */
export interface CommandResult {
  readonly printed: string;
  readonly passed: boolean;
}

/** Reads standard input to its end. */
export type ReadInput = () => Promise<string>;

/** Standard output and standard error. */
interface Output {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/** The dependencies of commands. */
export interface Context {
  /** Reads the environment and, outside production, `.env`. Throws `ConfigurationError` if that file cannot be read. */
  readonly env: () => Environment;
  readonly readInput: ReadInput;
  /** Prints the result of a command, and sets the exit code to 0 or 1. */
  readonly report: (result: string | CommandResult) => void;
  readonly output: Output;
  readonly progress: Progress;
}

/** Adds one command to the program. Its action throws `CommandError`, `ConfigurationError`, `Unavailable` or `StartRefused`. */
export type AddCommand = (program: Command, context: Context) => void;

/** Ends a command with this message and this exit code. The message never has a token. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';

  constructor(
    message: string,
    readonly exitCode: number = exitCodes.refused,
  ) {
    super(message);
  }
}

/** An error of the command line that the parser cannot find, such as two options that exclude each other. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super(message, exitCodes.usage);
  }
}
