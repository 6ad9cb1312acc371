import type { Ask, ChannelQuestion } from '../policy/ask.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import type { VisitorHeaders } from '../policy/forward.ts';
import type { Principal } from '../policy/principal.ts';
import type { SocketId } from '../policy/socket-id.ts';

/** Who subscribes, as the application is told. */
interface Subscriber {
  readonly principal: Principal;
  readonly socketId: SocketId;
  readonly headers?: VisitorHeaders | undefined;
}

/** What the application is asked about a channel. */
export function questionOf(
  ask: Ask,
  { channel, channelType, params }: ChannelMatch,
  { principal, socketId, headers }: Subscriber,
): ChannelQuestion {
  return { ask, channel, family: channelType.pattern.text, params, socketId, principal, headers };
}
