import type { ChannelName } from './channel-name.ts';
import type { Member } from './decision.ts';
import type { Forward, VisitorHeaders } from './forward.ts';
import type { Principal } from './principal.ts';
import type { SocketId } from './socket-id.ts';

/** The question of a channel to the application: may this visitor subscribe? */
export type Ask = LaravelAsk | AuthZenAsk;

interface AskParts {
  /** The name of the source. */
  readonly source: string;
  /** How long the application may be silent. */
  readonly timeoutMs: number;
  /** Whether its answer is only compared with that of the rules. */
  readonly isShadow: boolean;
}

/** Asks an endpoint that authorizes Pusher channels, such as that of Laravel. */
export interface LaravelAsk extends AskParts {
  readonly type: 'laravel';
  readonly path: string;
  readonly forward: Forward;
}

/** Asks a policy decision point that speaks AuthZEN 1.0. */
export interface AuthZenAsk extends AskParts {
  readonly type: 'authzen';
}

/** Whether the application's answer counts. */
export function isAnswering<Asked extends Ask>(ask: Asked | undefined): ask is Asked {
  return ask !== undefined && !ask.isShadow;
}

/** Whether the application's answer has the member of a presence channel. */
export function namesMember(ask: Ask | undefined): ask is LaravelAsk {
  return isAnswering(ask) && ask.type === 'laravel';
}

/** The name of the check that the application's answer is. */
export const askCheck = 'the host says yes';

/**
 * The kind of a principal whose credential only the application can read. Its id is a hash of the credential: the application
 * says who it is only in the answer for a presence channel.
 */
export const hostVisitorKind = 'host_visitor';

export interface ChannelQuestion {
  readonly ask: Ask;
  readonly channel: ChannelName;
  /** The pattern of the channel. */
  readonly family: string;
  readonly params: Readonly<Record<string, string>>;
  readonly socketId: SocketId;
  readonly principal: Principal;
  /** The headers of the visitor's request; `undefined` if there is no such request. */
  readonly headers: VisitorHeaders | undefined;
}

export interface HostAnswer {
  readonly isYes: boolean;
  /** The member of a presence channel, if the application named one. */
  readonly member?: HostMember | undefined;
}

/** The member of a presence channel in the application's own words. */
export interface HostMember extends Pick<Member, 'user_id'> {
  /** The `channel_data` of the answer, which is signed. Its `user_id` may be a number. */
  readonly data: { readonly user_id: string | number; readonly user_info?: unknown };
}

/** Asks the application. Throws `Unavailable` if it did not say yes or no. */
export type AskHost = (question: ChannelQuestion) => Promise<HostAnswer>;
