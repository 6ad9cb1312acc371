import type { Ask, AskRequest } from '../policy/ask.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import type { VisitorHeaders } from '../policy/forward.ts';
import type { Principal } from '../policy/principal.ts';
import type { SocketId } from '../policy/pusher-names.ts';

/** The principal, in the form of the request to the application. */
interface Subscriber {
  readonly principal: Principal;
  readonly socketId: SocketId;
  readonly headers?: VisitorHeaders | undefined;
}

/** The request to the application about a channel. */
export function askRequest(
  ask: Ask,
  { channel, channelType, params }: ChannelMatch,
  { principal, socketId, headers }: Subscriber,
): AskRequest {
  return { ask, channel, family: channelType.pattern.text, params, socketId, principal, headers };
}
