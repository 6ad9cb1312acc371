import type { Command } from 'commander';
import { attributeForm, readAttribute } from '../authn/attributes.ts';
import { mintToken, type TokenSigning } from '../authn/jwt/mint.ts';
import { issuerClaims, type IssuerClaims } from '../authn/token-issuers.ts';
import { loadConfig, type Config } from '../config/load.ts';
import type { TokenConfig } from '../config/tokens.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import type { ValueType } from '../policy/fact-kind.ts';
import { guestIssuer, userIssuer } from '../policy/policy.ts';
import type { Attributes, AttributeValue } from '../policy/principal.ts';
import { parseJson } from '../runtime/json.ts';
import { CommandError, UsageError, type AddCommand, type Context } from './command.ts';
import { parseNumber, parseText } from './options.ts';
import { parsePolicyOptions, acceptPolicyOptions } from './policy-options.ts';

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
  command.option('--expires-in <seconds>', 'lifetime of the token', parseSeconds, 3600);

const parseSeconds = parseNumber(/^([1-9][0-9]{0,9})$/, 'Give a whole number of seconds.');

function addGuest(mint: Command, { env, report }: Context): void {
  acceptPolicyOptions(withLifetime(mint.command('guest')))
    .description('a guest token, with an option for each attribute of the policy’s `guest_token`')
    .action(async ({ expiresIn }: Lifetime, command: Command) => {
      const config = configFor(env);
      const claims = await claimsOf(guestIssuer, config);
      const attributes = attributesOf(command.args, claims);
      report(await mintToken({ attributes }, claims, signing(config.guestTokens, expiresIn)));
    });
}

/** Reads the options of attributes. Only those that a token must have are required. */
function attributesOf(args: readonly string[], { attributes }: IssuerClaims): Attributes {
  const given = parsePolicyOptions(
    args,
    attributes.map(({ name }) => name),
  );
  const missing = attributes.find(
    ({ name, isRequired }) => isRequired && given[name] === undefined,
  );
  if (missing !== undefined) throw new UsageError(`--${missing.name} is missing`);
  const values = attributes.flatMap(({ name, type }) => {
    const text = given[name];
    return text === undefined ? [] : [[name, valueOf(text, type, name)] as const];
  });
  return Object.fromEntries(values);
}

/** The value that a claim of this type has. */
function valueOf(text: string, type: ValueType, name: string): AttributeValue {
  const value = type === 'string' || type === 'timestamp' ? text : parseJson(text);
  const claim = type === 'list(string)' && value === undefined ? text.split(',') : value;
  if (readAttribute(claim, type) === undefined) {
    throw new UsageError(`--${name} must be ${attributeForm(type)}`);
  }
  return claim as AttributeValue;
}

function addUser(mint: Command, { env, report }: Context): void {
  withLifetime(mint.command('user'))
    .description('a bearer token of a user')
    .requiredOption('--sub <id>', 'id of the user', parseText)
    .option('--tenant <id>', 'tenant of the user', parseText)
    .option('--role <role>', 'a role of the user; may be repeated', collect)
    .option('--name <name>', 'name of the user in presence channels', parseText)
    .action(async ({ sub, tenant, role, name, expiresIn }: UserOptions) => {
      const config = configFor(env);
      const user = { id: sub, tenantId: tenant, name, roles: role };
      const claims = await claimsOf(userIssuer, config);
      report(await mintToken(user, claims, signing(config.userTokens, expiresIn)));
    });
}

interface UserOptions extends Lifetime {
  readonly sub: string;
  readonly tenant?: string;
  readonly role?: readonly string[];
  readonly name?: string;
}

const collect = (value: string, before: readonly string[] = []) => [...before, parseText(value)];

/** The claims that the policy reads of the tokens of settings. */
async function claimsOf(name: string, config: Config): Promise<IssuerClaims> {
  const issuer = (await loadPolicy(config.policy)).issuers.get(name);
  if (issuer === undefined) {
    throw new CommandError(
      `the policy does not accept tokens of \`${name}\`: another issuer makes its kind of principal`,
    );
  }
  return issuerClaims(issuer, config.variable);
}

function configFor(env: Context['env']): Config {
  const config = loadConfig(env());
  if (config.production) {
    throw new CommandError('mint-token does not work with NODE_ENV=production');
  }
  return config;
}

function signing(tokens: TokenConfig | undefined, lifetimeSeconds: number): TokenSigning {
  if (tokens === undefined || !('secret' in tokens.keys)) {
    throw new CommandError(
      'mint-token requires a secret: the configured key only verifies tokens, and the application signs them',
    );
  }
  const { keys, expected } = tokens;
  return { ...keys, ...expected, lifetimeMs: lifetimeSeconds * 1000, now: Date.now };
}
