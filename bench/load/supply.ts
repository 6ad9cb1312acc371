import type { Keys } from '../keys.ts';
import { requestsWithin } from '../schedule.ts';
import type { Pace } from './job.ts';
import type { PreparedRequest } from './request.ts';
import { prepare, type Scenario } from './scenarios.ts';

/** Returns the next request; `undefined` if none is left. */
export type Supply = () => PreparedRequest | undefined;

/** Next serial number of a fresh token. It never restarts, so that no token is used twice. */
let freshSerial = 0;

/** Requests of warm scenarios, reused by all measurements so that their tokens stay the same. */
const warm = new Map<string, readonly PreparedRequest[]>();

/** Prepares all requests of a measurement before it starts. */
export function createSupply(scenario: Scenario, pace: Pace, keys: Keys): Supply {
  const repeats = scenario.tokens !== 'fresh' && pace.kind !== 'drain';
  const requests = requestsOf(scenario, pace, keys);
  let index = 0;
  return () => {
    const request = requests[repeats ? index % requests.length : index];
    index += 1;
    return request;
  };
}

function requestsOf(scenario: Scenario, pace: Pace, keys: Keys): readonly PreparedRequest[] {
  if (scenario.tokens !== 'fresh') {
    const key = JSON.stringify(scenario);
    const requests = warm.get(key) ?? prepared(scenario, [0, scenario.tokens], keys);
    warm.set(key, requests);
    return requests;
  }
  if (pace.kind === 'drain') return prepared(scenario, [0, pace.requests], keys);
  const count = pace.kind === 'open' ? requestsWithin(pace.seconds, pace.rate) : pace.maxRequests;
  freshSerial += count;
  return prepared(scenario, [freshSerial - count, count], keys);
}

function prepared(
  scenario: Scenario,
  [first, count]: readonly [number, number],
  keys: Keys,
): readonly PreparedRequest[] {
  return Array.from({ length: count }, (_, i) => prepare(scenario, first + i, keys));
}
