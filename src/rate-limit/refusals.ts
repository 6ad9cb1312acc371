import type { LimitRefusal, Origin, WriteSecurityEvent } from '../audit/audit-event.ts';
import { principalKey } from '../policy/principal.ts';
import { createLruMap, evictWhile } from '../runtime/caches.ts';
import type { Limits, ReportLimitExceeded } from './limits.ts';

interface RefusalRateLimitDeps {
  readonly limits: Pick<Limits, 'consume'>;
  /** Maximum number of refused requests per minute and address. */
  readonly failures: number;
  /** Returns the rate limit key of an address. For IPv6 it is the /64 prefix. */
  readonly addressKey: (address: string) => string;
  readonly reportLimitExceeded: ReportLimitExceeded;
  /** Counts a refusal that is not written. */
  readonly countUnwritten: (code: string) => void;
  readonly writeSecurityEvent: WriteSecurityEvent;
  readonly now: () => number;
}

/**
 * Counts a refused request once, even if called again. Resolves to the milliseconds to wait if its address has exceeded
 * the limit.
 */
export type CountRefusal = (origin: Origin) => Promise<number | undefined>;

/** Maximum number of addresses and principals over the limit. An evicted one is counted again. */
const maxBlocked = 100_000;

/**
 * Creates the limit of refused requests. If an address is over the limit, its refusals are counted but written
 * neither to the log nor to the database. Otherwise a flood of requests without a credential would fill both.
 */
export function createRefusalRateLimit(deps: RefusalRateLimitDeps) {
  const { failures: perMinute, limits, reportLimitExceeded, countUnwritten, now } = deps;
  const counted = new WeakMap<Origin, Promise<number | undefined>>();
  const blocked = createLruMap<number>(maxBlocked);

  const take = async (key: string): Promise<number | undefined> => {
    const until = blocked.peek(key) ?? 0;
    // An address over the limit is found locally, so a flood causes no round trips to Redis. A longer time was stored
    // before the clock was set back.
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
    if (wait !== undefined) await reportLimitExceeded('failures', key, { origin });
    return wait;
  };
  const countRefusal: CountRefusal = (origin) => {
    const known = counted.get(origin) ?? countAddress(origin);
    counted.set(origin, known);
    return known;
  };

  const limitRefusal: LimitRefusal = async ({ code, principal }, origin, cacheVersion) => {
    // A principal that exceeds its own limit must not consume the limit of its address, which others share.
    const isOwn = code.startsWith('too-many-') && principal !== undefined;
    const wait = isOwn
      ? await take(`principal ${principalKey(principal)}`)
      : await countRefusal(origin);
    if (wait === undefined) return 'written';
    // A decision from cached facts is verified only when it is written. Without that it must be evaluated again.
    if (cacheVersion !== undefined && principal !== undefined && !isOwn) return 'outdated';
    countUnwritten(code);
    return 'unwritten';
  };

  const writeForgery: WriteSecurityEvent = async (signal, about) => {
    const isCounted = signal === 'authentication-failed';
    if (isCounted && (await countRefusal(about.origin)) !== undefined) {
      countUnwritten('webhook-forged');
      return;
    }
    await deps.writeSecurityEvent(signal, about);
  };

  return { countRefusal, limitRefusal, writeForgery };
}
