import { credentialKindOf, type Credential } from '../authn/credential.ts';
import { hashGuestSessionToken } from '../authn/guest-session-token.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';

/** The kind of credential that a token is, by its form and by the kinds that the channel accepts. */
export function credentialKind(token: string, match: ChannelMatch | undefined): Credential['kind'] {
  const kinds = [...(match?.channelType.rules.keys() ?? [])].map(credentialKindOf);
  if (hashGuestSessionToken(token) !== undefined) return 'guest-session';
  if (kinds.includes('guest-token')) return 'guest-token';
  return kinds.includes('session-cookie') && !token.startsWith('eyJ') ? 'session-cookie' : 'bearer';
}
