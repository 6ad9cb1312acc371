import { fail, unknown, pass, type Check } from '../check-result.ts';
import { isFault } from '../evidence.ts';

/** Milliseconds; a client waits for ever, and its channel with it. */
const maxResponseMs = 5_000;

/** A proxy that buffers, or a database that is far away, shows here. */
export const responseTime: Check = {
  name: 'answers come in time',
  run: ({ usher: { preflight, refusal, slash } }) => {
    const times = [preflight, refusal, slash].flatMap((seen) =>
      isFault(seen) ? [] : [seen.tookMs],
    );
    if (times.length === 0) return unknown('Usher did not answer');
    const slowest = Math.max(...times);
    if (slowest <= maxResponseMs) return pass;
    return fail(
      `An answer took ${Math.round(slowest / 1000)} s.`,
      'See usher_decision_duration_seconds in /metrics: if that is short, the proxy buffers or waits; if not, DATABASE_URL or REDIS_URL is slow to answer.',
    );
  },
};
