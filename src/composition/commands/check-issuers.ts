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

/** The problems of a policy's issuers with these settings: keys that cannot be used, and those of `assignmentProblems`. */
export function issuerProblems(
  policy: Pick<Policy, 'issuers'>,
  config: IssuerConfig,
): readonly string[] {
  const keyProblems = problemsOfEach(policy, ({ keys }) => [
    'place' in keys ? localKeyProblem(keys, config.variable) : undefined,
  ]);
  return [...keyProblems, ...assignmentProblems(policy, config)];
}

/** Tokens that would fit two issuers or none, and settings of tokens without effect. */
export function assignmentProblems(
  policy: Pick<Policy, 'issuers'>,
  config: IssuerConfig,
): readonly string[] {
  const { issuers } = policy;
  const guestKind = issuers.get(guestIssuer)?.kind;
  const conflicts = problemsOfEach(policy, (tokens, kind) => [
    conflictWith('USER', tokens, config.userTokens),
    kind === guestKind ? conflictWith('GUEST', tokens, config.guestTokens) : undefined,
  ]);
  const isAnyAccepted = acceptsAny(config) || [...issuers.values()].some(({ tokens }) => tokens);
  return [
    ...conflicts,
    ...(isAnyAccepted ? [] : [noCredential]),
    ...unusedSettings(issuers, config),
    ...unusedPassport(issuers, config),
  ];
}

/** The problems of the issuers that the policy declares, each with its place. */
function problemsOfEach(
  { issuers }: Pick<Policy, 'issuers'>,
  problemsOf: (tokens: TokenPolicy, kind: string) => readonly (string | undefined)[],
): readonly string[] {
  return [...issuers].flatMap(([name, { tokens, kind }]) => {
    if (tokens === undefined) return [];
    const { file, line } = tokens.place;
    const problems = problemsOf(tokens, kind).filter((problem) => problem !== undefined);
    return problems.map((problem) => `${file}:${line}: the issuer ${name}: ${problem}`);
  });
}

const noCredential =
  'No credential would be accepted: the policy has no issuer with keys, and no setting configures a credential, such as USER_TOKEN_SECRET';

const acceptsAny = ({ passport, ...config }: IssuerConfig): boolean =>
  passport?.publicKey !== undefined ||
  (['guestTokens', 'userTokens', 'sanctum', 'tokenIntrospection', 'sessions'] as const).some(
    (name) => config[name] !== undefined,
  );

/**
 * PASSPORT_DATABASE_URL has no effect if nothing verifies Passport's tokens, although the operator expects that revoked tokens
 * are refused.
 */
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
