import { parseChannelName, parseSocketId, type SocketId } from '../../src/policy/pusher-names.ts';
import type { Grant, Member, SignInGrant } from '../../src/policy/decision.ts';

/** Options of a grant. */
export interface GrantParts {
  readonly socketId: string;
  readonly channelName: string;
  readonly member?: Member;
  readonly tenantId?: string;
}

/** Options of a sign-in. */
export interface SignInParts {
  readonly socketId: string;
  readonly member: Member;
  readonly tenantId?: string;
}

function socketIdOf(text: string): SocketId {
  const socketId = parseSocketId(text);
  if (socketId === undefined) throw new Error(`Not a socket id: ${text}`);
  return socketId;
}

const judged = {
  id: 'decision-1',
  outcome: 'grant',
  principal: { kind: 'user', id: '15', roles: [], expiresAt: Number.MAX_SAFE_INTEGER },
  checks: [{ name: 'always', passed: true, code: 'not-allowed' }],
} as const;

/** A grant like one of a rule. The parsers check its parts, so that no test signs an invalid request. */
export function grantOf({ socketId, channelName, ...parts }: GrantParts): Grant {
  const channel = parseChannelName(channelName);
  if (channel === undefined) throw new Error(`Not a channel name: ${channelName}`);
  return {
    ...judged,
    ...parts,
    action: 'subscribe',
    family: 'test-family',
    socketId: socketIdOf(socketId),
    channel,
  };
}

/** A granted sign-in; its socket id goes through the parser. */
export function signInOf({ socketId, ...parts }: SignInParts): SignInGrant {
  return { ...judged, ...parts, action: 'sign-in', socketId: socketIdOf(socketId) };
}
