import type { ApplicationMember } from './ask.ts';
import type { ChannelName, SocketId } from './pusher-names.ts';
import type { Principal } from './principal.ts';

/** The refusal codes of Usher for channels and sign-ins; those of tickets are in `ticket.ts`. A new code does not compile without a response and a remedy. */
export const ownRefusalCodes = [
  'malformed-socket-id',
  'malformed-channel',
  'unknown-channel',
  'ambiguous-channel',
  'credential-missing',
  'credential-conflict',
  'credential-malformed',
  'credential-expired',
  'credential-rejected',
  'credential-not-configured',
  'origin-refused',
  'revoked',
  'tenant-missing',
  'tenant-mismatch',
  'fact-missing',
  'wrong-kind',
  'not-allowed',
  'too-many-authorizations',
  'too-many-subscriptions',
] as const;

export type OwnRefusalCode = (typeof ownRefusalCodes)[number];

/** A code of Usher, or a code that a check of the policy declares. */
export type RefusalCode = OwnRefusalCode | (string & Record<never, never>);

/** A named condition of a rule, and its result. Operators see the name. */
export interface Check {
  readonly name: string;
  readonly passed: boolean;
  /** The refusal code if the check failed. */
  readonly code: RefusalCode;
}

export function check(name: string, passed: boolean, code: RefusalCode = 'not-allowed'): Check {
  return { name, passed, code };
}

/** A value of `user_info`. */
export type InfoValue = string | number | boolean | readonly string[];

/** The member of a presence channel in `channel_data`, with Pusher's field names. */
export interface Member {
  readonly user_id: string;
  readonly user_info?: Readonly<Record<string, InfoValue>>;
}

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

/** The properties of every decision, as far as they were determined. */
export interface DecisionBase {
  /** The id of the decision in the audit log. */
  readonly id: string;
  readonly action: Action;
  /** The hash of the policy that decided. */
  readonly policy?: string | undefined;
  readonly socketId?: SocketId | undefined;
  /** The pattern of the channel type, if the name matches one. */
  readonly family?: string | undefined;
  readonly channel?: ChannelName | undefined;
  /** The message of a refusal, if the channel type has its own. */
  readonly denied?: string | undefined;
  readonly tenantId?: string | undefined;
  readonly principal?: Principal | undefined;
  readonly checks: readonly Check[];
}

/** This socket may subscribe to this channel. The signer takes a grant, never a name, so only evaluated channels are signed. */
export interface Grant extends DecisionBase {
  readonly outcome: 'grant';
  readonly action: 'subscribe';
  readonly socketId: SocketId;
  readonly family: string;
  readonly channel: ChannelName;
  readonly principal: Principal;
  readonly member?: Member | undefined;
  /** The `channel_data` of the application, which is signed in place of the member. */
  readonly memberData?: ApplicationMember['data'] | undefined;
}

/** This socket belongs to this user. */
export interface SignInGrant extends DecisionBase {
  readonly outcome: 'grant';
  readonly action: 'sign-in';
  readonly socketId: SocketId;
  readonly principal: Principal;
  /** The user data for the Pusher server. */
  readonly member: Member;
}

export interface Refusal extends DecisionBase {
  readonly outcome: 'refusal';
  readonly code: RefusalCode;
  readonly retryAfterMs?: number;
}

/** The request could not be parsed: the only check has the text of the response. */
export interface UnreadRefusal extends DecisionBase {
  readonly outcome: 'refusal';
  readonly code: 'malformed-request';
}

/** The upstream refused a granted WebSocket: the failed check has its status. */
export interface UpstreamRefusal extends DecisionBase {
  readonly outcome: 'refusal';
  readonly code: 'upstream-refused';
}

/** A guest session was linked or ended. */
export interface PlainGrant extends DecisionBase {
  readonly outcome: 'grant';
  readonly action: 'link-guest-session' | 'end-guest-session';
  readonly principal: Principal;
}

export type Decision = Grant | Refusal;

export type SignInDecision = SignInGrant | Refusal;

/** The check that causes a refusal. */
export function firstFailed(checks: readonly Check[]): Check | undefined {
  return checks.find(({ passed }) => !passed);
}

// `grant` and `refuse` name each field: V8 creates a long object literal that begins with a spread as a dictionary, which is ten times slower.

/** A grant of a channel, after all checks. */
export function grant(
  base: Omit<Grant, 'outcome' | 'member' | 'memberData'>,
  { member, memberData }: Pick<Grant, 'member' | 'memberData'>,
): Grant {
  return {
    id: base.id,
    action: base.action,
    outcome: 'grant',
    policy: base.policy,
    socketId: base.socketId,
    channel: base.channel,
    family: base.family,
    denied: base.denied,
    tenantId: base.tenantId,
    principal: base.principal,
    checks: base.checks,
    member,
    memberData,
  };
}

export function refuse(base: DecisionBase, code: RefusalCode): Refusal {
  return {
    id: base.id,
    action: base.action,
    outcome: 'refusal',
    code,
    policy: base.policy,
    socketId: base.socketId,
    channel: base.channel,
    family: base.family,
    denied: base.denied,
    tenantId: base.tenantId,
    principal: base.principal,
    checks: base.checks,
  };
}
