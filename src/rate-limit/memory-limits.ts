import { withSpan } from '../observability/tracing/span.ts';
import { copyText, createLruMap, evictWhile, type LruMap } from '../runtime/caches.ts';
import type { LimitName, LimitRequest, LimitResult, Limits } from './limits.ts';

export const minuteMs = 60_000;

/** Milliseconds that one unit of a rate occupies. */
export function intervalMs({ perMinute }: LimitRequest): number {
  return minuteMs / perMinute;
}

/** Creates the limits of one process, in bounded memory. */
export function createMemoryLimits(now: () => number): Limits {
  const rates = createMemoryRateLimiter();
  const consume = (requests: readonly LimitRequest[]): LimitResult => {
    const time = now();
    const prepared: PreparedRequest[] = [];
    let waitMs = 0;
    for (const request of requests) {
      const prepare = rates.claim(request, time);
      if (prepare.waitMs > (request.maxWaitMs ?? 0)) {
        return { exceeded: request.limit, retryAfterMs: prepare.waitMs };
      }
      waitMs = Math.max(waitMs, prepare.waitMs);
      prepared.push(prepare);
    }
    for (const each of prepared) each.consume();
    return { waitMs };
  };
  return {
    consume: (requests) => withSpan('limits', () => Promise.resolve(consume(requests))),
    refund: (request) => {
      rates.refund(request, now());
      return Promise.resolve();
    },
  };
}

/** The rates of one process, without I/O. Times are in milliseconds since the epoch. */
export interface LocalRateLimiter {
  /** Computes the delay of a request at this time, without counting it. */
  readonly claim: (request: LimitRequest, now: number) => PreparedRequest;
  readonly refund: (request: LimitRequest, now: number) => void;
  /** Delays the next request of this key by this number of milliseconds. */
  readonly delay: (request: LimitRequest, now: number, waitMs: number) => void;
}

interface PreparedRequest {
  /** The delay of the request in milliseconds. */
  readonly waitMs: number;
  /** Counts the request. */
  readonly consume: () => void;
}

/** Maximum number of keys of one limit. Beyond it the least recently used key is evicted and starts again. */
const maxKeys = 100_000;

/**
 * Number of expired keys of one limit that are kept. If a client sent one request per second and its key were deleted
 * each time, the key would be old enough that only a full garbage collection frees it. Such keys were two thirds of the
 * work of a full collection.
 */
const idleKeys = 1_000;

/** Maximum number of dedupe entries of all keys. Beyond it the least recently used entry is evicted. */
const maxDedupeEntries = 200_000;

/**
 * Creates rates by the generic cell rate algorithm (ITU-T I.371, annex A). The state of a key is one number, the
 * theoretical arrival time: the time at which all its units would have arrived at an even rate. It may be at most a
 * minute ahead.
 */
export function createMemoryRateLimiter(): LocalRateLimiter {
  const limits: Readonly<Record<LimitName, LruMap<number>>> = {
    authorizations: createLruMap(maxKeys),
    connections: createLruMap(maxKeys),
    failures: createLruMap(maxKeys),
    'guest-sessions': createLruMap(maxKeys),
    messages: createLruMap(maxKeys),
    subscriptions: createLruMap(maxKeys),
  };
  const deduplicated = createDedupeSet();
  const nextArrival = (request: LimitRequest, key: string, time: number): number => {
    const stored = limits[request.limit].peek(key) ?? time;
    // Bounds the stored time: after the clock was set back, no request waits until the old time is reached again.
    const latest = time + minuteMs + (request.maxWaitMs ?? 0);
    return Math.max(time, Math.min(stored, latest)) + intervalMs(request);
  };
  return {
    claim: (request, time) => {
      const key = keyOf(request);
      const entry = dedupeEntry(request, key);
      const isCounted = entry !== undefined && deduplicated.has(entry, time);
      return {
        // Rounded down to whole milliseconds: rounding errors of intervals such as thirds must not refuse the last unit.
        waitMs: isCounted
          ? 0
          : Math.max(0, Math.floor(nextArrival(request, key, time) - time - minuteMs)),
        consume: () => {
          if (entry !== undefined && deduplicated.take(entry, time)) return;
          put(limits[request.limit], [key, nextArrival(request, key, time)], time);
        },
      };
    },
    delay: (request, time, waitMs) => {
      const arrival = time + minuteMs + waitMs - intervalMs(request);
      put(limits[request.limit], [keyOf(request), arrival], time);
    },
    refund: (request, time) => {
      const arrivals = limits[request.limit];
      const key = keyOf(request);
      const before = (arrivals.peek(key) ?? time) - intervalMs(request);
      if (before > time) arrivals.set(key, before);
      else arrivals.delete(key);
    },
  };
}

function put(
  arrivals: LruMap<number>,
  [key, arrival]: readonly [string, number],
  time: number,
): void {
  arrivals.set(key, arrival);
  if (arrivals.size <= idleKeys) return;
  evictWhile(arrivals, (each) => each <= time && arrivals.size > idleKeys);
}

/** Creates the set of dedupe keys of the last minute. */
function createDedupeSet() {
  const ends = createLruMap<number>(maxDedupeEntries);
  const isCounted = (entry: string, time: number): boolean => {
    const end = ends.peek(entry);
    // An entry that ends more than a minute ahead was stored before the clock was set back.
    return end !== undefined && end > time && end <= time + minuteMs;
  };
  return {
    has: isCounted,
    /** Keeps the entry for a minute from now. Returns true if it existed already. */
    take: (entry: string, time: number): boolean => {
      const wasCounted = isCounted(entry, time);
      ends.set(wasCounted ? entry : copyText(entry), time + minuteMs);
      // Only a new entry takes memory.
      if (!wasCounted) evictWhile(ends, (end) => end <= time);
      return wasCounted;
    },
  };
}

/** The separator is unambiguous: a part is a socket id and contains no line break. */
function keyOf({ key, part }: LimitRequest): string {
  return part === undefined ? key : `${part}\n${key}`;
}

/** The separator is unambiguous: a dedupe key is the name of a channel and contains no line break. */
function dedupeEntry({ limit, dedupeKey }: LimitRequest, key: string): string | undefined {
  return dedupeKey === undefined ? undefined : `${limit}\n${dedupeKey}\n${key}`;
}
