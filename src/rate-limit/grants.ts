import type { Origin } from '../audit/audit-event.ts';
import { check, refuse, type Grant, type Refusal, type SignInGrant } from '../policy/decision.ts';
import { principalId, principalKey } from '../policy/principal.ts';
import type { StartTimer } from '../runtime/timer.ts';
import { createPauses } from './abortable-delay.ts';
import type { LimitRequest, Limits, ReportLimitExceeded } from './limits.ts';

/** What the rate limit of grants depends on. */
export interface RateLimitGrantDeps {
  readonly limits: Pick<Limits, 'consume'>;
  /** Grants a minute and principal. */
  readonly authorizations: number;
  /** Different channels a minute and connection. */
  readonly subscriptions: number;
  readonly startTimer: StartTimer;
  readonly reportExcess: ReportLimitExceeded;
  /** Aborted when Usher begins to close. */
  readonly closing: AbortSignal;
}

/**
 * Counts a grant: it is within the limits, it is after a wait (and must be decided again), or it becomes a refusal.
 * Throws `Unavailable` when the exceeded limit could not be recorded.
 */
export type RateLimitGrant = (
  grant: Grant | SignInGrant,
  origin: Origin,
) => Promise<'at once' | 'after a wait' | Refusal>;

/**
 * How long a grant waits at most, in milliseconds: pusher-js has no time-out, and never asks again after a 429. Of 20 channels
 * a minute the next one is free after 3 s, so a user who opens one page after the other waits, and is not refused.
 */
const maxWaitMs = { authorizations: 2_000, subscriptions: 3_000 } as const;

/** Grants that wait at once; each occupies the concurrency limiter. */
const maxWaiting = 64;

const exceeded = {
  authorizations: {
    name: 'principal has few enough authorizations a minute',
    code: 'too-many-authorizations',
  },
  subscriptions: {
    name: 'connection asked for few enough different channels a minute',
    code: 'too-many-subscriptions',
  },
} as const;

/** Creates the rate limit of grants: by principal and connection, never by address, which a whole office shares. */
export function createGrantRateLimit(deps: RateLimitGrantDeps): RateLimitGrant {
  const { limits, startTimer, reportExcess, closing } = deps;
  const { pause, waiting } = createPauses(startTimer, closing);
  return async (grant, origin) => {
    const mayWait = waiting() < maxWaiting && !closing.aborted;
    const taken = await limits.consume(claimsOf(grant, deps, mayWait));
    if ('exceeded' in taken) {
      const limit = taken.exceeded === 'subscriptions' ? 'subscriptions' : 'authorizations';
      await reportExcess(limit, principalKey(grant.principal), { origin, ...subjectOf(grant) });
      const { name, code } = exceeded[limit];
      const checks = [...grant.checks, check(name, false, code)];
      return { ...refuse({ ...grant, checks }, code), retryAfterMs: taken.retryAfterMs };
    }
    if (taken.waitMs === 0) return 'at once';
    // The grant is counted already; at shutdown the wait ends early.
    await pause(taken.waitMs);
    return 'after a wait';
  };
}

/**
 * Counts a request once, however often it is decided: a second decision of it waits for nothing and takes nothing, and is
 * refused if the first was.
 */
export function oncePerRequest(rateLimit: RateLimitGrant): RateLimitGrant {
  let first: ReturnType<RateLimitGrant> | undefined;
  return async (grant, origin) => {
    if (first === undefined) {
      first = rateLimit(grant, origin);
      return first;
    }
    const counted = await first;
    return typeof counted === 'string' ? 'at once' : refuseAgain(grant, counted);
  };
}

/** The same refusal, of what was decided now. */
function refuseAgain(grant: Grant | SignInGrant, refusal: Refusal): Refusal {
  const failed = refusal.checks.slice(-1);
  return { ...refusal, id: grant.id, checks: [...grant.checks, ...failed] };
}

/** Both in one step. The principal's tenant tells the Pusher app, so the app need not stand in the key. */
function claimsOf(
  grant: Grant | SignInGrant,
  { authorizations, subscriptions }: Pick<RateLimitGrantDeps, 'authorizations' | 'subscriptions'>,
  mayWait: boolean,
): readonly LimitRequest[] {
  const key = principalKey(grant.principal);
  const patienceOf = (limit: keyof typeof maxWaitMs) => (mayWait ? maxWaitMs[limit] : 0);
  const timeoutMs = patienceOf('authorizations');
  const rate = {
    limit: 'authorizations',
    key,
    perMinute: authorizations,
    maxWaitMs: timeoutMs,
  } as const;
  if (grant.action === 'sign-in') return [rate];
  // Per principal too: otherwise one user could exhaust the limit of another user's socket id.
  return [
    rate,
    {
      limit: 'subscriptions',
      key,
      part: grant.socketId,
      perMinute: subscriptions,
      maxWaitMs: patienceOf('subscriptions'),
      dedupeKey: grant.channel.text,
    },
  ];
}

function subjectOf({ principal, tenantId }: Grant | SignInGrant) {
  return { principalId: principalId(principal), tenantId };
}
