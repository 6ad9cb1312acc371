import { createByAge } from '../core/by-age.ts';
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
  /** Just as long as need be, by `concat`: a Set of a few, or a list that grows, takes twice the memory. */
  things: readonly string[];
  until: number;
}

/** Creates places in memory that is bounded. */
export function createMemoryPlaces(): MemoryPlaces {
  const keys = createByAge<Places>();
  return {
    waitOf: ({ key, most, thing }, time) => {
      const known = keys.get(key);
      if (known === undefined || known.until <= time || known.things.includes(thing)) return 0;
      return known.things.length < most ? 0 : placesRetry;
    },
    take: ({ key, thing }, time) => {
      keys.forgetWhile(({ until }) => until <= time || keys.weight() >= mostThings);
      const places = keys.get(key) ?? { things: [], until: 0 };
      places.until = time + placesLife;
      if (!places.things.includes(thing)) places.things = places.things.concat(copied(thing));
      keys.put(key, places, places.things.length);
    },
  };
}

/** The text by itself: cut out of a body, it would keep the whole body in memory for as long. */
function copied(text: string): string {
  return Buffer.from(text).toString();
}
