import type { Credential } from '../authn/credential.ts';
import { hashGuestSessionToken } from '../authn/guest-session-token.ts';
import { parseChannelName } from '../policy/channel-name.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import { channelRegistry } from '../policy/channels/index.ts';

/** What the name of a channel means, if it has exactly one meaning. */
export function matchOf(channelName: string): ChannelMatch | undefined {
  const channel = parseChannelName(channelName);
  const match = channel === undefined ? 'unknown' : channelRegistry.match(channel);
  return typeof match === 'string' ? undefined : match;
}

/** As what a client of this channel would present the token: by its form, and by whom the channel admits. */
export function credentialKind(token: string, match: ChannelMatch | undefined): Credential['kind'] {
  const kinds = match?.channelType.kinds ?? [];
  if (hashGuestSessionToken(token) !== undefined) return 'guest-session';
  if (kinds.includes('guest')) return 'guest-token';
  return kinds.includes('visitor') && !token.startsWith('eyJ') ? 'session-cookie' : 'bearer';
}
