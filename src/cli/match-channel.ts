import type { PresentedCredential } from '../authn/credential.ts';
import { hashGuestToken } from '../authn/guest-session-token.ts';
import { parseChannelName } from '../policy/channel-name.ts';
import type { Reading } from '../policy/channel-registry.ts';
import { catalogue } from '../policy/channels/index.ts';

/** What the name of a channel means, if it has exactly one meaning. */
export function readingOf(channelName: string): Reading | undefined {
  const channel = parseChannelName(channelName);
  const reading = channel === undefined ? 'unknown' : catalogue.read(channel);
  return typeof reading === 'string' ? undefined : reading;
}

/** As what a client of this channel would present the token: by its form, and by whom the channel admits. */
export function credentialKind(
  token: string,
  reading: Reading | undefined,
): PresentedCredential['kind'] {
  const kinds = reading?.family.kinds ?? [];
  if (hashGuestToken(token) !== undefined) return 'guest-session';
  if (kinds.includes('guest')) return 'guest-token';
  return kinds.includes('visitor') && !token.startsWith('eyJ') ? 'session-cookie' : 'bearer';
}
