import { exitCodes } from '../exit-codes.ts';

/** A command ends with this message and this exit code. The message never repeats a token. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';

  constructor(
    message: string,
    readonly exitCode: number = exitCodes.refused,
  ) {
    super(message);
  }
}

/** The command line is wrong in a way that the parser cannot see, such as two options that exclude each other. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super(message, exitCodes.usage);
  }
}
