import {
  intervalOf,
  minute,
  placesLife,
  placesRetry,
  type Claim,
  type Limits,
} from '../core/limits.ts';
import type { Redis } from './redis.ts';

/**
 * Looks at every claim, then takes all of them or nothing, in one step. `ARGV` is the time, then of each key its kind
 * and two more: of a `rate` the interval and the patience, of a `place` the most things and the thing.
 * The arithmetic is that of `memory-rates.ts`. Answers the number of the claim that is too much, or 0, and a wait.
 */
const takeScript = `
local now = tonumber(ARGV[1])
local longest = 0
local moments = {}
for i, key in ipairs(KEYS) do
  local kind, first, second = ARGV[3 * i - 1], tonumber(ARGV[3 * i]), ARGV[3 * i + 1]
  local wait, patience = 0, 0
  if kind == 'rate' then
    patience = tonumber(second)
    local known = tonumber(redis.call('GET', key) or now)
    moments[i] = math.max(now, math.min(known, now + ${minute} + patience)) + first
    wait = math.max(0, math.floor(moments[i] - now - ${minute}))
  elseif redis.call('SCARD', key) >= first and redis.call('SISMEMBER', key, second) == 0 then
    wait = ${placesRetry}
  end
  if wait > patience then return { i, wait } end
  longest = math.max(longest, wait)
end
for i, key in ipairs(KEYS) do
  if moments[i] then
    redis.call('SET', key, string.format('%.17g', moments[i]), 'PX', math.ceil(moments[i] - now))
  else
    redis.call('SADD', key, ARGV[3 * i + 1])
    redis.call('PEXPIRE', key, ${placesLife})
  end
end
return { 0, longest }`;

/** Moves the moment of a rate back by an interval; once it has passed there is nothing left to keep. */
const giveBackScript = `
local now, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
local moment = tonumber(redis.call('GET', KEYS[1]) or now) - interval
if moment <= now then return redis.call('DEL', KEYS[1]) end
return redis.call('SET', KEYS[1], string.format('%.17g', moment), 'PX', math.ceil(moment - now))`;

/**
 * Creates limits in Redis, shared by replicas, one round trip a step; Redis itself removes what is over.
 * The time is the replica's: where two clocks differ, one of them sees waits that are longer by as much.
 */
export function createRedisLimits(redis: Redis, now: () => number): Limits {
  return {
    take: async (claims) => {
      const keys = claims.map(keyOf);
      const values = [now(), ...claims.flatMap(valuesOf)];
      const answer = await redis.ask((client) =>
        client.eval(takeScript, keys.length, ...keys, ...values),
      );
      const [number, wait] = answer as readonly [number, number];
      const excess = claims[number - 1];
      return excess === undefined ? { waitMs: wait } : { excess: excess.limit, retryAfterMs: wait };
    },
    giveBack: async (claim) => {
      await redis.ask((client) =>
        client.eval(giveBackScript, 1, keyOf(claim), now(), intervalOf(claim)),
      );
    },
  };
}

function keyOf({ limit, key }: Claim): string {
  return `limit:${limit}:${key}`;
}

function valuesOf(claim: Claim): readonly (string | number)[] {
  return claim.limit === 'subscriptions'
    ? ['place', claim.most, claim.thing]
    : ['rate', intervalOf(claim), claim.patience ?? 0];
}
