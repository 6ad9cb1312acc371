import type { WriteDecision } from '../audit/audit-event.ts';
import type { AskApplication, AskResponse } from '../policy/ask.ts';
import { parseChannelName, parseSocketId } from '../policy/pusher-names.ts';
import { grant, refuse, type Decision, type DecisionBase } from '../policy/decision.ts';
import type { Policy } from '../policy/policy.ts';
import { oncePerRequest, withinLimits, type RateLimitGrant } from '../rate-limit/grants.ts';
import type { ChannelAuthRequest } from './auth-request.ts';
import { authenticateAlone, type AuthenticateDeps, type AuthenticateBy } from './authenticate.ts';
import { evaluateMatch, tenantOf, type EvaluateDeps } from './evaluate.ts';
import type { FactSource } from './find-facts.ts';
import {
  applicationVisitorOf,
  isRevokedMeanwhile,
  namedByApplication,
  type Fingerprint,
} from './application-visitor.ts';
import type { Measure } from './measure.ts';
import type { TrackConnection } from './revocation/track-connection.ts';
import type { WatchDecision } from './shadow/watch-decisions.ts';

export interface DecideDeps extends AuthenticateDeps, EvaluateDeps {
  /** The current policy. A decision reads it once. */
  readonly policy: () => Policy;
  readonly newId: () => string;
  readonly fingerprint: Fingerprint;
}

export interface AuthorizeDeps extends DecideDeps {
  /** The sources of facts in the order in which they are used; the last one is the database, which has no version. */
  readonly factSources: () => readonly FactSource[];
  readonly rateLimitGrant: RateLimitGrant;
  readonly trackConnection: TrackConnection;
  readonly writeDecision: WriteDecision;
  readonly watch: WatchDecision;
  readonly measure: Measure;
}

/**
 * Decides whether this socket may subscribe to this channel. The decision is in the audit log when this resolves; the caller
 * signs a grant. Throws `Unavailable`.
 */
export function authorizeChannel(
  request: ChannelAuthRequest,
  deps: AuthorizeDeps,
): Promise<Decision> {
  const authenticateBy = authenticateAlone(request.credentials, deps);
  return deps.measure('subscribe', () => authorizeOne(request, authenticateBy, deps));
}

/** Authorizes one channel of a request whose credentials `authenticateBy` reads: alone, or as part of a batch. */
export async function authorizeOne(
  request: ChannelAuthRequest,
  authenticateBy: AuthenticateBy,
  deps: AuthorizeDeps,
): Promise<Decision> {
  const rateLimit = oncePerRequest(deps.rateLimitGrant);
  const ask = askOnce(deps.ask);
  for (const source of deps.factSources()) {
    const evaluated = await decide(request, { source, authenticateBy, ask }, deps);
    const limited = await withinLimits(
      evaluated,
      (grant) => rateLimit(grant, request.origin),
      () => decideWith(request, ask, deps),
    );
    const decision = await deps.trackConnection(limited, source.revocations);
    // False: the source was a cache and a fact has changed since, so the next source decides.
    if (await deps.writeDecision(decision, request.origin, source.version)) {
      // It runs after the response is sent.
      if (deps.policy().channels.shadowed.size > 0) deps.watch(request, decision);
      return decision;
    }
  }
  throw new Error('A decision that reads the database is always written');
}

/** The same decision without rate limits, tracking and audit row: to revalidate an open connection, and to explain. */
export function decideChannel(request: ChannelAuthRequest, deps: DecideDeps): Promise<Decision> {
  return decideWith(request, deps.ask, deps);
}

function decideWith(
  request: ChannelAuthRequest,
  ask: AskApplication,
  deps: DecideDeps,
): Promise<Decision> {
  const authenticateBy = authenticateAlone(request.credentials, deps);
  return decide(request, { source: deps, authenticateBy, ask }, deps);
}

/** One request to the application for one decision, although it may be evaluated again with current facts. */
function askOnce(ask: AskApplication): AskApplication {
  let response: Promise<AskResponse> | undefined;
  return (request) => (response ??= ask(request));
}

interface Sources {
  readonly source: FactSource;
  readonly authenticateBy: AuthenticateBy;
  readonly ask: AskApplication;
}

/** Revocations that were read longer ago are read again before a grant. */
const maxRevocationAgeMs = 1_000;

/** Parses, matches, authenticates, evaluates. */
async function decide(
  request: ChannelAuthRequest,
  { source, authenticateBy, ask }: Sources,
  deps: DecideDeps,
): Promise<Decision> {
  const { channels, hash: policy } = deps.policy();
  const attempt: DecisionBase = { id: deps.newId(), action: 'subscribe', policy, checks: [] };
  const socketId = parseSocketId(request.socketId);
  if (socketId === undefined) return refuse(attempt, 'malformed-socket-id');
  const channel = parseChannelName(request.channelName);
  if (channel === undefined) return refuse({ ...attempt, socketId }, 'malformed-channel');

  const match = channels.match(channel);
  if (typeof match === 'string') {
    return refuse({ ...attempt, socketId, channel }, `${match}-channel`);
  }
  const { denied, pattern } = match.channelType;
  const namedTenant = tenantOf(match);

  const { constraints, headers } = request;
  const began = deps.now();
  const read = await authenticateBy(source);
  const authenticated =
    'code' in read
      ? applicationVisitorOf(read, { match, headers, fingerprint: deps.fingerprint })
      : read;
  if ('code' in authenticated) {
    const { known, code } = authenticated;
    const tenantId = namedTenant ?? known.tenantId;
    const matched = { socketId, channel, family: pattern.text, denied };
    return refuse({ ...attempt, ...known, ...matched, tenantId }, code);
  }
  const evaluation = await evaluateMatch(
    match,
    { principal: authenticated.principal, constraints, headers, socketId },
    {
      find: source.find,
      ask,
      withLentPermit: deps.withLentPermit,
      encrypts: deps.encrypts,
      caches: deps.caches,
      userIdOf: deps.userIdOf,
      now: deps.now,
    },
  );
  const { refused, member, applicationMember } = evaluation;
  const principal =
    applicationMember === undefined
      ? authenticated.principal
      : namedByApplication(authenticated.principal, applicationMember.user_id);
  // Nearly always there is nothing to add.
  const checks =
    authenticated.checks.length === 0
      ? evaluation.checks
      : [...authenticated.checks, ...evaluation.checks];
  const tenantId = namedTenant ?? principal.tenantId ?? evaluation.tenantId;
  const evaluated = {
    id: attempt.id,
    action: 'subscribe',
    policy,
    socketId,
    channel,
    family: pattern.text,
    denied,
    tenantId,
    principal,
    checks,
  } as const;
  if (refused !== undefined) return refuse(evaluated, refused);
  // The user may have been revoked while the application decided.
  if (match.channelType.ask !== undefined || deps.now() - began >= maxRevocationAgeMs) {
    const { revocations } = source;
    if (await isRevokedMeanwhile(principal, applicationMember?.user_id, revocations)) {
      return refuse(evaluated, 'revoked');
    }
  }
  return grant(evaluated, { member, memberData: applicationMember?.data });
}
