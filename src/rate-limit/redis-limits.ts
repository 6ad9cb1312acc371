import type { Redis } from '../redis/client.ts';
import { withSpan } from '../observability/tracing/span.ts';
import type { LimitRequest, Limits } from './limits.ts';
import { intervalMs, minuteMs } from './memory-limits.ts';

/**
 * Checks all requests, and then consumes all of them or none, in one step. `KEYS` has two keys for each request: its
 * rate and its dedupe entry, or the rate twice if there is no dedupe key. `ARGV` is the time, and then the interval and
 * the maximum wait of each request. The arithmetic is that of `memory-limits.ts`. Returns the number of the request that
 * exceeds its limit, or 0, and a wait.
 */
const consumeScript = `
local now = tonumber(ARGV[1])
local longest = 0
local arrivals = {}
for i = 1, #KEYS / 2 do
  local key, dedupe = KEYS[2 * i - 1], KEYS[2 * i]
  local interval, maxWait = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local ending = dedupe ~= key and tonumber(redis.call('GET', dedupe) or 0) or 0
  if ending <= now or ending > now + ${minuteMs} then
    local known = tonumber(redis.call('GET', key) or now)
    arrivals[i] = math.max(now, math.min(known, now + ${minuteMs} + maxWait)) + interval
    local wait = math.max(0, math.floor(arrivals[i] - now - ${minuteMs}))
    if wait > maxWait then return { i, wait } end
    longest = math.max(longest, wait)
  end
end
for i = 1, #KEYS / 2 do
  local key, dedupe = KEYS[2 * i - 1], KEYS[2 * i]
  if arrivals[i] then
    redis.call('SET', key, string.format('%.17g', arrivals[i]), 'PX', math.ceil(arrivals[i] - now))
  end
  if dedupe ~= key then redis.call('SET', dedupe, now + ${minuteMs}, 'PX', ${minuteMs}) end
end
return { 0, longest }`;

/** Moves the arrival time of a rate back by one interval, and deletes the key if that time has passed. */
const refundScript = `
local now, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrival = tonumber(redis.call('GET', KEYS[1]) or now) - interval
if arrival <= now then return redis.call('DEL', KEYS[1]) end
return redis.call('SET', KEYS[1], string.format('%.17g', arrival), 'PX', math.ceil(arrival - now))`;

/** Enough keys that each node of a Redis Cluster has some of them. */
const probes = Array.from({ length: 16 }, (_, i) => `probe ${i}`);

interface RedisLimits extends Limits {
  /** Runs the commands that limits need, on each node of a Cluster. Throws `Unavailable` if one fails. */
  readonly probe: () => Promise<void>;
}

/**
 * Creates limits in Redis that replicas share. Each step is one round trip, and Redis expires old keys. The time is
 * that of the replica: if two clocks differ, one replica computes waits that are longer by the difference.
 */
export function createRedisLimits(redis: Redis, now: () => number): RedisLimits {
  const consume: Limits['consume'] = async (requests) => {
    const keys = requests.flatMap(keysOf);
    const values = requests.flatMap((request) => [intervalMs(request), request.maxWaitMs ?? 0]);
    const [number, wait] = await redis.run(async (client) =>
      twoNumbers(await client.eval(consumeScript, keys.length, ...keys, now(), ...values)),
    );
    const excess = requests[number - 1];
    return excess === undefined ? { waitMs: wait } : { exceeded: excess.limit, retryAfterMs: wait };
  };
  const refund: Limits['refund'] = async (request) => {
    const [key] = keysOf(request);
    await redis.run((client) => client.eval(refundScript, 1, key, now(), intervalMs(request)));
  };
  const probe = async (key: string): Promise<void> => {
    const request: LimitRequest = { limit: 'failures', key, perMinute: minuteMs };
    await consume([request]);
    await refund(request);
  };
  return {
    consume: (requests) => withSpan('limits', () => consume(requests)),
    refund,
    probe: async () => {
      await Promise.all(probes.map(probe));
    },
  };
}

/**
 * The text in braces is the hash tag, which selects the node of a Cluster. So the keys of one owner are on one node.
 */
function keysOf({
  limit,
  key,
  part,
  dedupeKey,
}: LimitRequest): readonly [rate: string, dedupe: string] {
  const owner = key.replaceAll('%', '%25').replaceAll('}', '%7D');
  const rate = `limit:{=${owner}}:${limit}${part === undefined ? '' : `:${part}`}`;
  return [rate, dedupeKey === undefined ? rate : `${rate}:${dedupeKey}`];
}

function twoNumbers(reply: unknown): readonly [number, number] {
  const [first, second] = Array.isArray(reply) ? (reply as unknown[]) : [];
  if (typeof first === 'number' && typeof second === 'number') return [first, second];
  throw new Error('PROTOCOL not a response of the script');
}
