import { parseArgs } from 'node:util';
import { loadConfig, type Config } from '../config/load.ts';
import type { TokenConfig } from '../config/tokens.ts';
import { mintGuestToken, mintUserToken, type TokenSigning } from '../credentials/mint.ts';
import { UsageError, type Command } from './command.ts';

const usage = `mint-token guest --hotel H --booking B [--expires-in 3600]
  mint-token user --sub S [--tenant T] [--role R]… [--name N] [--expires-in 3600]
                            print a token signed with the configured secret; not in production`;

const defaultLifetime = 3600;

/** Prints a token signed with the configured secret, for trying things out. */
export const mintToken: Command = {
  usage,
  run: async ([kind, ...args], env) => {
    const config = loadConfig(env);
    if (config.production) throw new UsageError('mint-token does not exist in production');
    if (kind === 'guest') return mintGuest(args, config);
    if (kind === 'user') return mintUser(args, config);
    throw new UsageError(usage);
  },
};

function mintGuest(args: readonly string[], config: Config): Promise<string> {
  const { hotel, booking, 'expires-in': seconds } = options(args, ['hotel', 'booking']);
  if (hotel === undefined || booking === undefined) throw new UsageError(usage);
  const { keys, expected, ...names } = config.guestTokens;
  return mintGuestToken(
    { hotelSlug: hotel, bookingId: booking },
    names,
    signing({ keys, expected }, seconds),
  );
}

function mintUser(args: readonly string[], config: Config): Promise<string> {
  const {
    sub,
    tenant,
    name,
    role,
    'expires-in': seconds,
  } = options(args, ['sub', 'tenant', 'name']);
  if (sub === undefined) throw new UsageError(usage);
  const user = {
    userId: sub,
    ...(tenant !== undefined && { tenantId: tenant }),
    ...(name !== undefined && { name }),
    ...(role !== undefined && { roles: role }),
  };
  return mintUserToken(user, signing(config.userTokens, seconds));
}

type Options = Readonly<Partial<Record<string, string>>> & { readonly role?: readonly string[] };

function options(args: readonly string[], names: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      options: {
        ...Object.fromEntries(
          [...names, 'expires-in'].map((n) => [n, { type: 'string' as const }]),
        ),
        ...(names.includes('sub') && { role: { type: 'string' as const, multiple: true } }),
      },
    });
    return values as unknown as Options;
  } catch {
    throw new UsageError(usage);
  }
}

function signing({ keys, expected }: TokenConfig, seconds: string | undefined): TokenSigning {
  if (!('secret' in keys)) {
    throw new UsageError(
      'mint-token needs a secret: whoever holds the private key signs these tokens',
    );
  }
  const lifetime = seconds === undefined ? defaultLifetime : Number(seconds);
  if (!Number.isInteger(lifetime) || lifetime < 1) throw new UsageError(usage);
  return { secret: keys.secret, lifetime: lifetime * 1000, now: Date.now, ...expected };
}
