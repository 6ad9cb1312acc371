import { issuerClaimOf } from '../authn/choose-issuer.ts';
import { credentialKindOf, type Credential } from '../authn/credential.ts';
import { hashGuestSessionToken } from '../authn/guest-session.ts';
import { applicationVisitorKind } from '../policy/ask.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import { guestIssuer, type IssuerPolicy, type Policy } from '../policy/policy.ts';
import { routeFor } from '../policy/route-for.ts';
import type { SessionConfig } from '../config/sessions.ts';
import { Secret } from '../runtime/secret.ts';
import { cookiesOf, sessionCookies } from './session-cookies.ts';

/** The credential that a text is. Session cookies may be a whole `Cookie` header, as a browser shows it. */
export function shownCredential(
  text: string,
  match: ChannelMatch | undefined,
  { policy, sessions }: { readonly policy: Policy; readonly sessions: SessionConfig | undefined },
): Credential {
  const kind = credentialKind(text, match, policy);
  const cookies =
    kind === 'session-cookie' && sessions ? sessionCookies(cookiesOf(text), sessions) : undefined;
  return { kind, text: new Secret(cookies ?? text) };
}

/** The kind of credential that a token is, by its form, by its issuer, and by the kinds that the channel accepts. */
export function credentialKind(
  token: string,
  match: ChannelMatch | undefined,
  { issuers, routes }: Pick<Policy, 'issuers' | 'routes'>,
): Credential['kind'] {
  const kinds = [...(match?.channelType.rules.keys() ?? [])];
  if (hashGuestSessionToken(token) !== undefined) return 'guest-session';
  const guest = issuers.get(guestIssuer)?.kind;
  // Only routes of the policy accept guest tokens. A channel with `ask` accepts every kind, also without such a route.
  const takesGuests =
    guest !== undefined && match && kinds.includes(guest) && routeFor(match, guest, { routes });
  if (takesGuests && namedIssuer(token, issuers) === undefined) return 'guest-token';
  const takesCookies = kinds.some(
    (kind) => kind === applicationVisitorKind || credentialKindOf(kind) === 'session-cookie',
  );
  return takesCookies && !isBearerToken(token) ? 'session-cookie' : 'bearer';
}

/** The issuer of the policy that the `iss` of a token names. */
export function namedIssuer(token: string, issuers: Policy['issuers']): IssuerPolicy | undefined {
  const iss = issuerClaimOf(token);
  if (iss === undefined) return undefined;
  return [...issuers.values()].find(({ tokens }) => tokens?.issuer === iss);
}

/** Whether it is a JWT, or a token of Sanctum with its id. */
function isBearerToken(token: string): boolean {
  return token.startsWith('eyJ') || /^\d+\|/.test(token);
}
