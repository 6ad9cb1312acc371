import { createLruMap, evictWhile, type LruMap } from '../runtime/lru-map.ts';
import {
  intervalMs,
  minuteMs,
  type LimitRequest,
  type LimitName,
  type LocalRateLimiter,
} from './limits.ts';

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
  const nextArrival = (request: LimitRequest, time: number): number => {
    const stored = limits[request.limit].peek(keyOf(request)) ?? time;
    // Bounds the stored time: after the clock was set back, no request waits until the old time is reached again.
    const latest = time + minuteMs + (request.maxWaitMs ?? 0);
    return Math.max(time, Math.min(stored, latest)) + intervalMs(request);
  };
  const put = (request: LimitRequest, time: number, arrival: number): void => {
    const arrivals = limits[request.limit];
    arrivals.set(keyOf(request), arrival);
    if (arrivals.size <= idleKeys) return;
    evictWhile(arrivals, (each) => each <= time && arrivals.size > idleKeys);
  };
  return {
    // Rounded down to whole milliseconds: rounding errors of intervals such as thirds must not refuse the last unit.
    waitMsFor: (request, time) =>
      deduplicated.has(request, time)
        ? 0
        : Math.max(0, Math.floor(nextArrival(request, time) - time - minuteMs)),
    consume: (request, time) => {
      if (!deduplicated.take(request, time)) put(request, time, nextArrival(request, time));
    },
    delay: (request, time, waitMs) => {
      put(request, time, time + minuteMs + waitMs - intervalMs(request));
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

/** Creates the set of dedupe keys of the last minute. */
function createDedupeSet() {
  const ends = createLruMap<number>(maxDedupeEntries);
  const isCounted = (entry: string, time: number): boolean => {
    const end = ends.peek(entry);
    // An entry that ends more than a minute ahead was stored before the clock was set back.
    return end !== undefined && end > time && end <= time + minuteMs;
  };
  return {
    has: (request: LimitRequest, time: number): boolean =>
      request.dedupeKey !== undefined && isCounted(dedupeEntry(request), time),
    /** Keeps the entry for a minute from now. Returns true if it existed already. */
    take: (request: LimitRequest, time: number): boolean => {
      if (request.dedupeKey === undefined) return false;
      const entry = dedupeEntry(request);
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
function dedupeEntry(request: LimitRequest): string {
  return `${request.limit}\n${request.dedupeKey ?? ''}\n${keyOf(request)}`;
}

/** Copies a text. A substring of a request body would keep the whole body in memory. */
function copyText(text: string): string {
  return Buffer.from(text).toString();
}
