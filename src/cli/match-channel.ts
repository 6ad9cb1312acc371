import type { Credential } from '../authn/credential.ts';
import { hashGuestSessionToken } from '../authn/guest-session-token.ts';
import { parseChannelName } from '../policy/channel-name.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import { channelRegistry } from '../policy/channels/index.ts';

/** The match of a channel name, if there is exactly one. */
export function matchOf(channelName: string): ChannelMatch | undefined {
  const channel = parseChannelName(channelName);
  const match = channel === undefined ? 'unknown' : channelRegistry.match(channel);
  return typeof match === 'string' ? undefined : match;
}

/** The kind of credential that a token is, by its form and by the kinds that the channel accepts. */
export function credentialKind(token: string, match: ChannelMatch | undefined): Credential['kind'] {
  const kinds = match?.channelType.kinds ?? [];
  if (hashGuestSessionToken(token) !== undefined) return 'guest-session';
  if (kinds.includes('guest')) return 'guest-token';
  return kinds.includes('visitor') && !token.startsWith('eyJ') ? 'session-cookie' : 'bearer';
}
