import type { ChannelName, SocketId } from './pusher-names.ts';
import { check, type Check, type Member } from './decision.ts';
import type { Forward, VisitorHeaders } from './forward.ts';
import type { Principal } from './principal.ts';
import type { ChannelMatch } from './channel-registry.ts';

/** The `ask` of a channel: the application decides whether a visitor may subscribe. */
export type Ask = LaravelAsk | AuthZenAsk;

interface AskParts {
  /** The name of the source. */
  readonly source: string;
  /** The timeout of a request to the application. */
  readonly timeoutMs: number;
  /** Whether its decision is only compared with that of the rules. */
  readonly isShadow: boolean;
}

/** An endpoint that authorizes Pusher channels, such as that of Laravel. */
export interface LaravelAsk extends AskParts {
  readonly type: 'laravel';
  readonly path: string;
  readonly forward: Forward;
}

/** A policy decision point that supports AuthZEN 1.0. */
export interface AuthZenAsk extends AskParts {
  readonly type: 'authzen';
}

/** Whether the application decides. */
export function isDeciding<Asked extends Ask>(ask: Asked | undefined): ask is Asked {
  return ask !== undefined && !ask.isShadow;
}

/** Whether the application's response has the member of a presence channel. */
export function namesMember(ask: Ask | undefined): ask is LaravelAsk {
  return isDeciding(ask) && ask.type === 'laravel';
}

/** The name of the check whose result is the application's decision. */
export const askCheck = 'the application grants the request';

/**
 * The kind of a principal whose credential only the application can read. Its id is a hash of the credential: the application
 * names the user only in the response for a presence channel.
 */
export const applicationVisitorKind = 'host_visitor';

export interface AskRequest {
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

export interface AskResponse {
  readonly isGranted: boolean;
  /** The status of the response, if it is the refusal. */
  readonly refusedWith?: number | undefined;
  /** The member of a presence channel, if the application named one. */
  readonly member?: ApplicationMember | undefined;
}

/** The checks of a response. The status is one of them: a wrong path, and a session that has ended, are refusals as well. */
export function askChecks({ isGranted, refusedWith }: AskResponse): readonly Check[] {
  const decided = check(askCheck, isGranted);
  return refusedWith === undefined ? [decided] : [check(statusCheck(refusedWith), true), decided];
}

/** The reason of a refusal. */
export function refusalReason({ refusedWith }: AskResponse): string {
  return refusedWith === undefined ? askCheck : statusCheck(refusedWith);
}

const statusCheck = (status: number) => `the application responded with status ${status}`;

/** The member of a presence channel in the application's response. */
export interface ApplicationMember extends Pick<Member, 'user_id'> {
  /** The `channel_data` of the response, which is signed. Its `user_id` may be a number. */
  readonly data: { readonly user_id: string | number; readonly user_info?: unknown };
}

/** Requests the application's decision. Throws `Unavailable` if the response is neither a grant nor a refusal. */
export type AskApplication = (request: AskRequest) => Promise<AskResponse>;

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
