import { UsageError, type ReadInput } from './command.ts';

/** How a token is given. What stands on a command line is seen by everybody on the machine, in `ps`. */
export const tokenUsage = '(--token-stdin | --token T)';

/** These options, as `parseArgs` takes them. */
export const tokenOptions = {
  token: { type: 'string' },
  'token-stdin': { type: 'boolean' },
} as const;

/** These options, as `parseArgs` gives them. */
interface TokenOptions {
  readonly token?: string | undefined;
  readonly 'token-stdin'?: boolean | undefined;
}

/** The token that was given, or `undefined`. Throws `UsageError` for two, and for an empty standard input. */
export async function tokenGiven(
  { token, 'token-stdin': onInput = false }: TokenOptions,
  readInput: ReadInput,
): Promise<string | undefined> {
  if (!onInput) return token;
  if (token !== undefined) throw new UsageError('Give one of --token-stdin and --token');
  const text = (await readInput()).trim();
  if (text === '') throw new UsageError('There is no token on standard input');
  return text;
}
