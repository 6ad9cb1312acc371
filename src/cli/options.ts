import { InvalidArgumentError, type Command } from 'commander';
import { UsageError, type ReadInput } from './command.ts';

export interface TokenOptions {
  readonly token?: string;
  readonly tokenStdin?: boolean;
}

export function addTokenOptions(command: Command): Command {
  return command
    .option('--token-stdin', 'read the token from standard input')
    .option(
      '--token <token>',
      'the token; every user of this machine can see it in `ps`',
      parseText,
    );
}

/** Throws `UsageError` for two tokens, and for an empty standard input. */
export async function readToken(
  { token, tokenStdin = false }: TokenOptions,
  readInput: ReadInput,
): Promise<string | undefined> {
  if (!tokenStdin) return token;
  if (token !== undefined) throw new UsageError('give one of --token-stdin and --token');
  const text = (await readInput()).trim();
  if (text === '') throw new UsageError('there is no token on standard input');
  return text;
}

/** Refuses an empty text, which is the value of a shell variable that is not set. */
export function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** A parser of the number in the first group of the pattern. */
export function parseNumber(pattern: RegExp, problem: string): (text: string) => number {
  return (text) => {
    const [, digits] = pattern.exec(text) ?? [];
    if (digits === undefined) throw new InvalidArgumentError(problem);
    return Number(digits);
  };
}
