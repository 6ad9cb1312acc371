import { applicationVisitorKind, refusalReason, askRequest } from '../../policy/ask.ts';
import type { ChannelMatch } from '../../policy/channel-registry.ts';
import { firstFailed, type Decision, type RefusalCode } from '../../policy/decision.ts';
import { pinCode } from '../../policy/param.ts';
import type { Principal } from '../../policy/principal.ts';
import { parseSocketId } from '../../policy/pusher-names.ts';
import type { ChannelAuthRequest } from '../auth-request.ts';
import { evaluateMatch, type EvaluateDeps } from '../evaluate.ts';

/** The verdict of the shadow, and why it is a refusal. */
export interface WatchingVerdict {
  readonly outcome: Decision['outcome'];
  readonly failedCheck?: string | undefined;
}

/** Computes the verdict of the shadow. Throws `Unavailable`. */
export type FindVerdict = () => Promise<WatchingVerdict>;

/** How long the shadow may take, in milliseconds. */
export const verdictTimeoutMs = 5_000;

/** The refusals for reasons that apply to both sides: neither was evaluated, or its result did not count. */
const ofBothSides: ReadonlySet<RefusalCode> = new Set([
  'credential-conflict',
  'origin-refused',
  'revoked',
  'tenant-missing',
  'tenant-mismatch',
  'unknown-channel',
  'too-many-authorizations',
  'too-many-subscriptions',
]);

/** A decision with the request and the channel that it is about. */
interface Compared {
  readonly request: ChannelAuthRequest;
  readonly decision: Decision;
  readonly match: ChannelMatch;
}

/**
 * Creates the function that finds the verdict of the shadow for the request of a decision; `undefined` if the decision
 * cannot be compared.
 */
export function verdictOfOtherSide(
  { request, decision, match }: Compared,
  deps: EvaluateDeps,
): FindVerdict | undefined {
  const { shadow } = match.channelType;
  const { constraints, headers } = request;
  const { principal } = decision;
  const socketId = parseSocketId(request.socketId);
  if (shadow === undefined || socketId === undefined) return undefined;
  if (decision.outcome === 'refusal' && isOfBothSides(decision.code, request)) return undefined;
  if (shadow.side === 'rules') {
    if (principal === undefined) return undefined;
    const channelType = { ...match.channelType, ask: undefined, rules: shadow.rules };
    const subject = { principal, constraints, headers, socketId };
    return () => evaluateRules({ ...match, channelType }, subject, deps);
  }
  const ask = { ...shadow.ask, timeoutMs: Math.min(shadow.ask.timeoutMs, verdictTimeoutMs) };
  // An endpoint that authorizes channels reads the credential itself, also one that Usher refused.
  const subject = principal ?? (ask.type === 'laravel' ? unread : undefined);
  if (subject === undefined || (ask.type === 'laravel' && headers === undefined)) return undefined;
  const shadowRequest = askRequest(ask, match, { principal: subject, socketId, headers });
  return async () => {
    const response = await deps.ask(shadowRequest);
    return response.isGranted
      ? { outcome: 'grant' }
      : { outcome: 'refusal', failedCheck: refusalReason(response) };
  };
}

const unread: Principal = { kind: applicationVisitorKind, id: '', roles: [], expiresAt: 0 };

function isOfBothSides(code: RefusalCode, { constraints }: ChannelAuthRequest): boolean {
  const { pins = [] } = constraints;
  return ofBothSides.has(code) || pins.some(({ name }) => code === pinCode(name));
}

async function evaluateRules(
  match: ChannelMatch,
  subject: Parameters<typeof evaluateMatch>[1],
  deps: EvaluateDeps,
): Promise<WatchingVerdict> {
  const { checks, refused } = await evaluateMatch(match, subject, deps);
  return refused === undefined
    ? { outcome: 'grant' }
    : { outcome: 'refusal', failedCheck: firstFailed(checks)?.name };
}
