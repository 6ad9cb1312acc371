import type { ChannelName } from './channel-name.ts';
import type { Principal } from './principal.ts';
import type { SocketId } from './socket-id.ts';

/** Every reason to say no to a channel or a sign-in; those about tickets are in `ticket.ts`. A new one does not compile until it has a public answer and a test. */
export type RefusalCode =
  | 'malformed-socket-id'
  | 'malformed-channel'
  | 'unknown-channel'
  | 'ambiguous-channel'
  | 'credential-missing'
  | 'credential-conflict'
  | 'credential-malformed'
  | 'credential-expired'
  | 'credential-rejected'
  | 'credential-not-configured'
  | 'origin-refused'
  | 'revoked'
  | 'tenant-missing'
  | 'tenant-mismatch'
  | 'hotel-mismatch'
  | 'booking-mismatch'
  | 'fact-missing'
  | 'booking-closed'
  | 'wrong-kind'
  | 'not-allowed'
  | 'too-many-authorizations'
  | 'too-many-subscriptions';

/** One named condition of a rule and whether it held. The name is what operators see. */
export interface Check {
  readonly name: string;
  readonly passed: boolean;
  /** Why we refuse when it did not hold. */
  readonly code: RefusalCode;
}

/** A condition of a rule. `code` tells the public answer where it is not simply "no". */
export function check(name: string, passed: boolean, code: RefusalCode = 'not-allowed'): Check {
  return { name, passed, code };
}

/** Who a presence channel shows, and what `channel_data` carries: Pusher's own field names. */
export interface Member {
  readonly user_id: string;
  readonly user_info?: Readonly<Record<string, string | number>>;
}

/** What was attempted. */
export const actions = [
  'subscribe',
  'sign-in',
  'issue-ticket',
  'redeem-ticket',
  'link-guest-session',
  'end-guest-session',
  'list-channels',
] as const;

export type Action = (typeof actions)[number];

/** What is known of an attempt, more of it the further it got. */
export interface DecisionBase {
  /** The id under which operators find this decision. */
  readonly id: string;
  readonly action: Action;
  readonly socketId?: SocketId;
  /** The pattern of the channel family, once the name was read. */
  readonly family?: string;
  readonly channel?: ChannelName;
  /** What the family's clients are told when they may not enter, where it has words of its own. */
  readonly denied?: string | undefined;
  readonly tenantId?: string | undefined;
  readonly principal?: Principal;
  readonly checks: readonly Check[];
}

/** Yes: this socket may enter this channel. Signing takes a grant and never a name, so what was judged is what is signed. */
export interface Grant extends DecisionBase {
  readonly outcome: 'grant';
  readonly action: 'subscribe';
  readonly socketId: SocketId;
  readonly family: string;
  readonly channel: ChannelName;
  readonly principal: Principal;
  readonly member?: Member | undefined;
}

/** Yes: this socket belongs to this user. */
export interface SignInGrant extends DecisionBase {
  readonly outcome: 'grant';
  readonly action: 'sign-in';
  readonly socketId: SocketId;
  readonly principal: Principal;
  /** Whom the Pusher server shall know the connection as. */
  readonly member: Member;
}

/** No, and why. */
export interface Refusal extends DecisionBase {
  readonly outcome: 'refusal';
  readonly code: RefusalCode;
  /** Milliseconds after which it may be tried again, where that is the only thing to do about it. */
  readonly retryAfterMs?: number;
}

/** The request could not be read: the one check has the reason, in the words of the answer. */
export interface UnreadRefusal extends DecisionBase {
  readonly outcome: 'refusal';
  readonly code: 'malformed-request';
}

/** The server behind refused the WebSocket of somebody who may enter: the failed check has its status. */
export interface UpstreamRefusal extends DecisionBase {
  readonly outcome: 'refusal';
  readonly code: 'upstream-refused';
}

/** A grant without a signature: a guest session was linked or ended. */
export interface PlainGrant extends DecisionBase {
  readonly outcome: 'grant';
  readonly action: 'link-guest-session' | 'end-guest-session';
  readonly principal: Principal;
}

export type Decision = Grant | Refusal;

export type SignInDecision = SignInGrant | Refusal;

/** The first condition that did not hold: the reason of a refusal. */
export function firstFailed(checks: readonly Check[]): Check | undefined {
  return checks.find(({ passed }) => !passed);
}

/** No, with all that is known of the attempt. */
export function refuse(base: DecisionBase, code: RefusalCode): Refusal {
  return { ...base, outcome: 'refusal', code };
}
