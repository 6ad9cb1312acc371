import type { Origin, WriteDecision, WriteSignal } from '../audit/audit-event.ts';
import { principalKey } from '../policy/principal.ts';
import { createLruMap, evictWhile } from '../runtime/lru-map.ts';
import type { Limits, ReportLimitExceeded } from './limits.ts';

/** What counts refused requests. */
export interface RefusalRateLimitDeps {
  readonly limits: Pick<Limits, 'consume'>;
  /** Refused requests per minute and address. */
  readonly failures: number;
  /** What an address counts as: of IPv6 its /64. */
  readonly addressKey: (address: string) => string;
  readonly reportExcess: ReportLimitExceeded;
  /** Counts a refusal that is not recorded by itself. */
  readonly countUnrecorded: (code: string) => void;
  readonly record: WriteDecision;
  readonly recordSignal: WriteSignal;
  readonly now: () => number;
}

/** Counts a refused request once, however often it is asked; the milliseconds to wait once its address has had too many. */
export type CountRefusal = (origin: Origin) => Promise<number | undefined>;

/** Addresses and principals over the limit; one that is evicted is counted again. */
const maxBlocked = 100_000;

/**
 * Creates the limit of refused requests, and recorders that respect it: over the limit of its address a refusal is counted and
 * not written, neither in the log nor in the database. Otherwise a flood of requests without a credential would fill both.
 */
export function createRefusalRateLimit(deps: RefusalRateLimitDeps) {
  const { failures: perMinute, limits, reportExcess, countUnrecorded, now } = deps;
  const counted = new WeakMap<Origin, Promise<number | undefined>>();
  const blocked = createLruMap<number>(maxBlocked);

  const take = async (key: string): Promise<number | undefined> => {
    const until = blocked.peek(key) ?? 0;
    // Known already: a flood costs no round trip to Redis. A longer time is from before the clock was set back.
    if (until > now() && until <= now() + 60_000) return until - now();
    const taken = await limits.consume([{ limit: 'failures', key, perMinute }]);
    if (!('exceeded' in taken)) return undefined;
    blocked.set(key, now() + taken.retryAfterMs);
    evictWhile(blocked, (each) => each <= now());
    return taken.retryAfterMs;
  };
  const countAddress = async (origin: Origin): Promise<number | undefined> => {
    const key = deps.addressKey(origin.address);
    const wait = await take(key);
    if (wait !== undefined) await reportExcess('failures', key, { origin });
    return wait;
  };
  const countRefusal: CountRefusal = (origin) => {
    const known = counted.get(origin) ?? countAddress(origin);
    counted.set(origin, known);
    return known;
  };

  const record: WriteDecision = async (decision, origin, asOf) => {
    if (decision.outcome === 'grant') return deps.record(decision, origin, asOf);
    const { code, principal } = decision;
    // A limit of one principal is not paid for by the others at its address.
    const isOwn = code.startsWith('too-many-') && principal !== undefined;
    const wait = isOwn
      ? await take(`principal ${principalKey(principal)}`)
      : await countRefusal(origin);
    if (wait === undefined) return deps.record(decision, origin, asOf);
    // What rests on remembered facts is proved by its record alone; without one it is decided again.
    if (asOf !== undefined && principal !== undefined && !isOwn) return false;
    countUnrecorded(code);
    return true;
  };

  const recordForgery: WriteSignal = async (signal, about) => {
    const isCounted = signal === 'authentication-failed';
    if (isCounted && (await countRefusal(about.origin)) !== undefined) {
      countUnrecorded('webhook-forged');
      return;
    }
    await deps.recordSignal(signal, about);
  };

  return { countRefusal, record, recordForgery };
}
