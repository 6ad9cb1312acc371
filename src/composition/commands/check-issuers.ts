import { localKeyProblem } from '../../authn/jwt/local-key.ts';
import type { Config } from '../../config/load.ts';
import type { TokenConfig } from '../../config/tokens.ts';
import { userIssuer, guestIssuer, type Policy, type TokenPolicy } from '../../policy/policy.ts';

/** The settings on which issuers depend. */
type IssuerConfig = Pick<
  Config,
  | 'guestTokens'
  | 'userTokens'
  | 'passport'
  | 'sanctum'
  | 'tokenIntrospection'
  | 'sessions'
  | 'variable'
>;

/** The problems of a policy's issuers with these settings: keys that cannot be used, and tokens that would fit two issuers. */
export function issuerProblems(
  { issuers }: Pick<Policy, 'issuers'>,
  config: IssuerConfig,
): readonly string[] {
  const problems: string[] = [];
  for (const [name, { tokens, kind }] of issuers) {
    if (tokens === undefined) continue;
    const { file, line } = tokens.place;
    const found = [
      'place' in tokens.keys ? localKeyProblem(tokens.keys, config.variable) : undefined,
      conflictWith('USER', tokens, config.userTokens),
      issuers.get(guestIssuer)?.kind === kind
        ? conflictWith('GUEST', tokens, config.guestTokens)
        : undefined,
    ];
    const known = found.filter((problem) => problem !== undefined);
    problems.push(...known.map((problem) => `${file}:${line}: the issuer ${name}: ${problem}`));
  }
  if (![...issuers.values()].some(({ tokens }) => tokens) && !acceptsAny(config)) {
    problems.push(
      'No credential would be accepted: the policy has no issuer with keys, and no setting configures a credential, such as USER_TOKEN_SECRET',
    );
  }
  return [...problems, ...unusedSettings(issuers, config), ...unusedPassport(issuers, config)];
}

const acceptsAny = ({ passport, ...config }: IssuerConfig): boolean =>
  passport?.publicKey !== undefined ||
  (['guestTokens', 'userTokens', 'sanctum', 'tokenIntrospection', 'sessions'] as const).some(
    (name) => config[name] !== undefined,
  );

/** A database without a key would look as if revoked tokens were refused. */
function unusedPassport(
  issuers: Policy['issuers'],
  { passport }: Pick<IssuerConfig, 'passport'>,
): readonly string[] {
  const isUsed = [...issuers.values()].some(({ tokens }) => tokens?.revokedIn !== undefined);
  if (passport === undefined || passport.publicKey !== undefined || isUsed) return [];
  return [
    'PASSPORT_DATABASE_URL has no effect: set PASSPORT_PUBLIC_KEY, or declare an issuer with the preset passport',
  ];
}

/** Why a token could be of an issuer of the policy and of the issuer of settings. */
function conflictWith(
  whose: 'USER' | 'GUEST',
  { issuer, keys }: TokenPolicy,
  settings: TokenConfig | undefined,
): string | undefined {
  if (settings === undefined || settings.isDefault) return undefined;
  if (issuer !== settings.expected?.issuer) return undefined;
  if (issuer !== undefined) {
    return `has the \`issuer\` of ${whose}_TOKEN_ISSUER: a token would fit both`;
  }
  return (keys.from === 'secret') === 'secret' in settings.keys
    ? `has no \`issuer\`, and the same kind of key as the ${whose}_TOKEN_… settings, without ${whose}_TOKEN_ISSUER: a token would fit both`
    : undefined;
}

/** Settings of tokens that the policy replaces by another issuer of the same kind of principal. */
function unusedSettings(
  issuers: Policy['issuers'],
  { guestTokens, userTokens }: IssuerConfig,
): readonly string[] {
  const settings = [
    [guestIssuer, guestTokens],
    [userIssuer, userTokens],
  ] as const;
  return settings.flatMap(([name, tokens]) => {
    if (tokens === undefined || tokens.isDefault || issuers.has(name)) return [];
    return [
      `The ${name.toUpperCase()}_… settings have no effect: an issuer of the policy makes the same kind of principal with another id`,
    ];
  });
}
