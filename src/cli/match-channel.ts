import { issuerClaimOf } from '../authn/choose-issuer.ts';
import { credentialKindOf, type Credential } from '../authn/credential.ts';
import { hashGuestSessionToken } from '../authn/guest-session.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import { guestIssuer, type Policy } from '../policy/policy.ts';

/** The kind of credential that a token is, by its form, by its issuer, and by the kinds that the channel accepts. */
export function credentialKind(
  token: string,
  match: ChannelMatch | undefined,
  { issuers }: Pick<Policy, 'issuers'>,
): Credential['kind'] {
  const kinds = [...(match?.channelType.rules.keys() ?? [])];
  if (hashGuestSessionToken(token) !== undefined) return 'guest-session';
  const isOfPolicy = () => {
    const iss = issuerClaimOf(token);
    return iss !== undefined && [...issuers.values()].some(({ tokens }) => tokens?.issuer === iss);
  };
  const guest = issuers.get(guestIssuer)?.kind;
  if (guest !== undefined && kinds.includes(guest) && !isOfPolicy()) return 'guest-token';
  const takesCookies = kinds.map(credentialKindOf).includes('session-cookie');
  return takesCookies && !token.startsWith('eyJ') ? 'session-cookie' : 'bearer';
}
