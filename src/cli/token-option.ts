import type { Command } from 'commander';
import { UsageError } from './command-error.ts';
import type { ReadInput } from './context.ts';

/** How a token was given. */
export interface TokenOptions {
  readonly token?: string;
  readonly tokenStdin?: boolean;
}

/** Adds the options by which a token is given. In `ps` every user of the machine sees the command line. */
export function addTokenOptions(command: Command): Command {
  return command
    .option('--token-stdin', 'read the token from standard input')
    .option('--token <token>', 'the token itself; every user of this machine can see it in `ps`');
}

/** The token that was given, or `undefined`. Throws `UsageError` for two, and for an empty standard input. */
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
