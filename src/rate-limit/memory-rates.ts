import { createByAge, type ByAge } from '../runtime/lru-map.ts';
import { intervalOf, minute, type Claim, type LimitName, type LocalRates } from './limits.ts';

/** Keys of one limit at once; beyond that the one that was idle longest is forgotten, and begins anew. */
const mostKeys = 100_000;

/**
 * Keys of one limit that stay when nothing they took is left. Who asks once a second would leave a key each time, old enough
 * that only a full collection finds it: two thirds of what such a collection had to find.
 */
const fewKeys = 1_000;

/** Things of all keys together; beyond that the one that was taken for longest ago is forgotten. */
const mostThings = 200_000;

/**
 * Creates rates by the generic cell rate algorithm (ITU-T I.371, annex A): a key is one number, the moment at which
 * everything that it took would have arrived, had it come evenly. That moment may be a minute ahead, and no more.
 */
export function createMemoryRates(): LocalRates {
  const limits: Readonly<Record<LimitName, ByAge<number>>> = {
    authorizations: createByAge(),
    connections: createByAge(),
    failures: createByAge(),
    'guest-sessions': createByAge(),
    messages: createByAge(),
    subscriptions: createByAge(),
  };
  const things = createThings();
  const nextOf = (claim: Claim, time: number): number => {
    const known = limits[claim.limit].get(keyOf(claim)) ?? time;
    // After the clock was set back nobody waits for it to come round again.
    const latest = time + minute + (claim.patience ?? 0);
    return Math.max(time, Math.min(known, latest)) + intervalOf(claim);
  };
  const put = (claim: Claim, time: number, moment: number): void => {
    const moments = limits[claim.limit];
    moments.put(keyOf(claim), moment);
    moments.forgetWhile((each) => moments.size() > (each <= time ? fewKeys : mostKeys));
  };
  return {
    // Whole milliseconds: the error of adding up thirds costs nobody the last one.
    waitOf: (claim, time) =>
      things.has(claim, time) ? 0 : Math.max(0, Math.floor(nextOf(claim, time) - time - minute)),
    take: (claim, time) => {
      if (!things.take(claim, time)) put(claim, time, nextOf(claim, time));
    },
    hold: (claim, time, wait) => {
      put(claim, time, time + minute + wait - intervalOf(claim));
    },
    giveBack: (claim, time) => {
      const moments = limits[claim.limit];
      const key = keyOf(claim);
      const before = (moments.get(key) ?? time) - intervalOf(claim);
      if (before > time) moments.put(key, before);
      else moments.delete(key);
    },
  };
}

/** What was taken for within the last minute. */
function createThings() {
  const ends = createByAge<number>();
  const isHeld = (thing: string, time: number): boolean => {
    const end = ends.get(thing);
    // An end more than a minute ahead was noted before the clock was set back.
    return end !== undefined && end > time && end <= time + minute;
  };
  return {
    has: (claim: Claim, time: number): boolean =>
      claim.thing !== undefined && isHeld(thingOf(claim), time),
    /** Keeps it for a minute from now. Returns whether it was held already. */
    take: (claim: Claim, time: number): boolean => {
      if (claim.thing === undefined) return false;
      const thing = thingOf(claim);
      const wasHeld = isHeld(thing, time);
      ends.put(wasHeld ? thing : copied(thing), time + minute);
      ends.forgetWhile((end) => end <= time || ends.size() > mostThings);
      return wasHeld;
    },
  };
}

/** No part has a line break: it is a socket id. */
function keyOf({ key, part }: Claim): string {
  return part === undefined ? key : `${part}\n${key}`;
}

/** No thing has one either: it is the name of a channel. */
function thingOf(claim: Claim): string {
  return `${claim.limit}\n${claim.thing ?? ''}\n${keyOf(claim)}`;
}

/** The text by itself: cut out of a body, it would keep the whole body in memory for as long. */
function copied(text: string): string {
  return Buffer.from(text).toString();
}
