import { placesLife, placesRetry, type PlaceClaim } from '../core/limits.ts';

/** The different things of each key, of one process; times in milliseconds since the epoch. */
export interface MemoryPlaces {
  /** 0 when there is a place, else the milliseconds until one may ask again. */
  readonly waitOf: (claim: PlaceClaim, time: number) => number;
  readonly take: (claim: PlaceClaim, time: number) => void;
}

/** Things of all keys together; beyond that the key that was idle longest is forgotten, and begins anew. */
const mostThings = 200_000;

interface Places {
  readonly things: Set<string>;
  readonly until: number;
}

/** Creates places in memory that is bounded. */
export function createMemoryPlaces(): MemoryPlaces {
  const keys = new Map<string, Places>();
  let held = 0;
  const drop = (key: string): ReadonlySet<string> => {
    const things = keys.get(key)?.things ?? new Set();
    keys.delete(key);
    held -= things.size;
    return things;
  };
  const forget = (time: number): void => {
    for (const [key, { until }] of keys) {
      if (until > time && held < mostThings) return;
      drop(key);
    }
  };
  return {
    waitOf: ({ key, most, thing }, time) => {
      const known = keys.get(key);
      if (known === undefined || known.until <= time || known.things.has(thing)) return 0;
      return known.things.size < most ? 0 : placesRetry;
    },
    take: ({ key, thing }, time) => {
      forget(time);
      // Put at the end, so that who was idle longest comes first.
      const things = new Set(drop(key)).add(copied(thing));
      keys.set(key, { things, until: time + placesLife });
      held += things.size;
    },
  };
}

/** The text by itself: cut out of a body, it would keep the whole body in memory for as long. */
function copied(text: string): string {
  return Buffer.from(text).toString();
}
