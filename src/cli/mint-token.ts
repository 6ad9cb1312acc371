import { InvalidArgumentError, type Command } from 'commander';
import { mintGuestToken, mintUserToken, type TokenSigning } from '../authn/jwt/mint.ts';
import { loadConfig, type Config } from '../config/load.ts';
import type { TokenConfig } from '../config/tokens.ts';
import { CommandError } from './command-error.ts';
import type { AddCommand, Context } from './context.ts';

/** Prints a token signed with the configured secret, for trying things out. */
export const addMintToken: AddCommand = (program, context) => {
  const mint = program
    .command('mint-token')
    .description('print a token signed with the configured secret; not in production');
  addGuest(mint, context);
  addUser(mint, context);
};

interface Lifetime {
  readonly expiresIn: number;
}

const withLifetime = (command: Command): Command =>
  command.option('--expires-in <seconds>', 'life of the token', seconds, 3600);

function seconds(text: string): number {
  const number = /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : undefined;
  if (number === undefined) throw new InvalidArgumentError('Give a whole number of seconds.');
  return number;
}

function addGuest(mint: Command, { env, report }: Context): void {
  withLifetime(mint.command('guest'))
    .description('a token of the guest of one booking')
    .requiredOption('--hotel <slug>', 'hotel of the booking')
    .requiredOption('--booking <id>', 'id of the booking')
    .action(async ({ hotel, booking, expiresIn }: GuestOptions) => {
      const { guestTokens } = configFor(env);
      const guest = { hotelSlug: hotel, bookingId: booking };
      const { bookingClaim = '', hotelClaim = '' } = guestTokens ?? {};
      const names = { bookingClaim, hotelClaim };
      report(await mintGuestToken(guest, names, signing(guestTokens, expiresIn)));
    });
}

type GuestOptions = Lifetime & Readonly<Record<'hotel' | 'booking', string>>;

function addUser(mint: Command, { env, report }: Context): void {
  withLifetime(mint.command('user'))
    .description('a bearer token of a user')
    .requiredOption('--sub <id>', 'id of the user')
    .option('--tenant <id>', 'tenant of the user')
    .option('--role <role>', 'a role of the user; may be repeated', collect)
    .option('--name <name>', 'name of the user, which presence channels show')
    .action(async ({ sub, tenant, role, name, expiresIn }: UserOptions) => {
      const user = {
        userId: sub,
        ...(tenant !== undefined && { tenantId: tenant }),
        ...(name !== undefined && { name }),
        ...(role !== undefined && { roles: role }),
      };
      report(await mintUserToken(user, signing(configFor(env).userTokens, expiresIn)));
    });
}

interface UserOptions extends Lifetime {
  readonly sub: string;
  readonly tenant?: string;
  readonly role?: readonly string[];
  readonly name?: string;
}

const collect = (value: string, before: readonly string[] = []) => [...before, value];

function configFor(env: Context['env']): Config {
  const config = loadConfig(env());
  if (config.production) {
    throw new CommandError('mint-token does not work with NODE_ENV=production');
  }
  return config;
}

function signing(tokens: TokenConfig | undefined, lifetime: number): TokenSigning {
  if (tokens === undefined || !('secret' in tokens.keys)) {
    throw new CommandError(
      'mint-token needs a secret: the configured key only verifies tokens, and the host signs them',
    );
  }
  const { keys, expected } = tokens;
  return { secret: keys.secret, lifetimeMs: lifetime * 1000, now: Date.now, ...expected };
}
