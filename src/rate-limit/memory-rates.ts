import { createLruMap, evictWhile, type LruMap } from '../runtime/lru-map.ts';
import {
  intervalMs,
  minuteMs,
  type LimitRequest,
  type LimitName,
  type LocalRateLimiter,
} from './limits.ts';

/** Keys of one limit at once; beyond that the one that was idle longest is forgotten, and begins anew. */
const maxKeys = 100_000;

/**
 * Keys of one limit that stay when nothing they took is left. Who asks once a second would leave a key each time, old enough
 * that only a full collection finds it: two thirds of what such a collection had to find.
 */
const idleKeys = 1_000;

/** Things of all keys together; beyond that the one that was taken for longest ago is forgotten. */
const maxDedupeEntries = 200_000;

/**
 * Creates rates by the generic cell rate algorithm (ITU-T I.371, annex A): a key is one number, the moment at which
 * everything that it took would have arrived, had it come evenly. That moment may be a minute ahead, and no more.
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
    // After the clock was set back nobody waits for it to come round again.
    const latest = time + minuteMs + (request.maxWaitMs ?? 0);
    return Math.max(time, Math.min(stored, latest)) + intervalMs(request);
  };
  const put = (request: LimitRequest, time: number, arrival: number): void => {
    const arrivals = limits[request.limit];
    arrivals.set(keyOf(request), arrival);
    evictWhile(arrivals, (each) => each <= time && arrivals.size > idleKeys);
  };
  return {
    // Whole milliseconds: the error of adding up thirds costs nobody the last one.
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

/** What was taken for within the last minute. */
function createDedupeSet() {
  const ends = createLruMap<number>(maxDedupeEntries);
  const isCounted = (entry: string, time: number): boolean => {
    const end = ends.peek(entry);
    // An end more than a minute ahead was noted before the clock was set back.
    return end !== undefined && end > time && end <= time + minuteMs;
  };
  return {
    has: (request: LimitRequest, time: number): boolean =>
      request.dedupeKey !== undefined && isCounted(dedupeEntry(request), time),
    /** Keeps it for a minute from now. Returns whether it was held already. */
    take: (request: LimitRequest, time: number): boolean => {
      if (request.dedupeKey === undefined) return false;
      const entry = dedupeEntry(request);
      const wasCounted = isCounted(entry, time);
      ends.set(wasCounted ? entry : copyText(entry), time + minuteMs);
      evictWhile(ends, (end) => end <= time);
      return wasCounted;
    },
  };
}

/** No part has a line break: it is a socket id. */
function keyOf({ key, part }: LimitRequest): string {
  return part === undefined ? key : `${part}\n${key}`;
}

/** No thing has one either: it is the name of a channel. */
function dedupeEntry(request: LimitRequest): string {
  return `${request.limit}\n${request.dedupeKey ?? ''}\n${keyOf(request)}`;
}

/** The text by itself: cut out of a body, it would keep the whole body in memory for as long. */
function copyText(text: string): string {
  return Buffer.from(text).toString();
}
