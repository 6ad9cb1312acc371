import type { Origin } from '../audit/audit-event.ts';
import { check, refuse, type Grant, type Refusal, type SignInGrant } from '../policy/decision.ts';
import { principalKey } from '../policy/principal.ts';
import type { StartTimer } from '../runtime/timer.ts';
import type { LimitRequest, Limits, ReportLimitExceeded } from './limits.ts';

export interface RateLimitGrantDeps {
  readonly limits: Pick<Limits, 'consume'>;
  /** Maximum number of grants per minute and principal. */
  readonly authorizations: number;
  /** Maximum number of different channels per minute and connection. */
  readonly subscriptions: number;
  readonly startTimer: StartTimer;
  readonly reportLimitExceeded: ReportLimitExceeded;
  /** Aborted when Usher begins to close. */
  readonly closing: AbortSignal;
}

/**
 * Counts a grant. The grant is within the limits, or it was delayed and must be evaluated again, or it becomes a
 * refusal. Throws `Unavailable` if the exceeded limit could not be written.
 */
export type RateLimitGrant = (
  grant: Grant | SignInGrant,
  origin: Origin,
) => Promise<'at once' | 'after a wait' | Refusal>;

/**
 * Maximum delay of a grant, in milliseconds. pusher-js has no timeout, and it does not retry after a 429. With 20
 * channels per minute a new one is allowed every 3 s, so a user who opens many pages quickly is delayed, not refused.
 */
const maxWaitMs = { authorizations: 2_000, subscriptions: 3_000 };
const noWaitMs: typeof maxWaitMs = { authorizations: 0, subscriptions: 0 };

/** Maximum number of delayed grants. Each occupies the concurrency limiter. */
const maxWaiting = 64;

const exceeded = {
  authorizations: {
    name: 'authorizations of the principal are within the limit',
    code: 'too-many-authorizations',
  },
  subscriptions: {
    name: 'different channels of the connection are within the limit',
    code: 'too-many-subscriptions',
  },
} as const;

/**
 * Creates the rate limit of grants. It limits by principal and connection, never by address, which a whole office may
 * share.
 */
export function createGrantRateLimit(deps: RateLimitGrantDeps): RateLimitGrant {
  const { limits, startTimer, reportLimitExceeded, closing } = deps;
  const delayed = new Set<() => void>();
  // One listener for all of them: Node.js reports many listeners on one signal as a memory leak.
  closing.addEventListener('abort', () => {
    for (const end of delayed) end();
  });
  const delay = (waitMs: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        stop();
        delayed.delete(end);
        resolve();
      };
      const stop = startTimer(waitMs, end);
      delayed.add(end);
    });
  return async (grant, origin) => {
    const mayWait = delayed.size < maxWaiting && !closing.aborted;
    const taken = await limits.consume(claimsOf(grant, deps, mayWait));
    if ('exceeded' in taken) {
      const limit = taken.exceeded === 'subscriptions' ? 'subscriptions' : 'authorizations';
      await reportLimitExceeded(limit, principalKey(grant.principal), {
        origin,
        ...subjectOf(grant),
      });
      const { name, code } = exceeded[limit];
      const checks = [...grant.checks, check(name, false, code)];
      return { ...refuse({ ...grant, checks }, code), retryAfterMs: taken.retryAfterMs };
    }
    if (taken.waitMs === 0) return 'at once';
    // The grant is counted already. A shutdown ends the delay early.
    await delay(taken.waitMs);
    return 'after a wait';
  };
}

/**
 * Counts a request once, even if it is evaluated again. Further evaluations are neither delayed nor counted, and are
 * refused if the first was refused.
 */
export function oncePerRequest(rateLimit: RateLimitGrant): RateLimitGrant {
  let first: ReturnType<RateLimitGrant> | undefined;
  return (grant, origin) => {
    if (first === undefined) return (first = rateLimit(grant, origin));
    return first.then((counted) =>
      typeof counted === 'string' ? 'at once' : refuseAgain(grant, counted),
    );
  };
}

/**
 * Applies the rate limit to a decision. A refusal is not counted. A grant that was delayed is decided again, because it
 * may have been revoked meanwhile.
 */
export async function withinLimits<Granted extends Grant | SignInGrant>(
  decision: Granted | Refusal,
  limit: (grant: Granted) => ReturnType<RateLimitGrant>,
  decideAgain: () => Promise<Granted | Refusal>,
): Promise<Granted | Refusal> {
  if (decision.outcome === 'refusal') return decision;
  const limited = await limit(decision);
  if (limited === 'at once') return decision;
  return limited === 'after a wait' ? decideAgain() : limited;
}

/** Repeats the refusal for the current evaluation. */
function refuseAgain(grant: Grant | SignInGrant, refusal: Refusal): Refusal {
  const failed = refusal.checks.slice(-1);
  return { ...refusal, id: grant.id, checks: [...grant.checks, ...failed] };
}

/**
 * Creates the limit requests of a grant, which are consumed in one step. The tenant of the principal determines the
 * Pusher app, so the key need not contain the app.
 */
function claimsOf(
  grant: Grant | SignInGrant,
  { authorizations, subscriptions }: Pick<RateLimitGrantDeps, 'authorizations' | 'subscriptions'>,
  mayWait: boolean,
): readonly LimitRequest[] {
  const key = principalKey(grant.principal);
  const waits = mayWait ? maxWaitMs : noWaitMs;
  const rate = {
    limit: 'authorizations',
    key,
    perMinute: authorizations,
    maxWaitMs: waits.authorizations,
  } as const;
  if (grant.action === 'sign-in') return [rate];
  // The key of the connection includes the principal: otherwise one user could exhaust the limit of another user's
  // socket id.
  return [
    rate,
    {
      limit: 'subscriptions',
      key,
      part: grant.socketId,
      perMinute: subscriptions,
      maxWaitMs: waits.subscriptions,
      dedupeKey: grant.channel.text,
    },
  ];
}

function subjectOf({ principal, tenantId }: Grant | SignInGrant) {
  return { principalId: principal.id, tenantId };
}
