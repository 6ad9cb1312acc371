import type { Peers } from '../../workers/peers.ts';
import {
  Latencies,
  sumOf,
  type HourCounts,
  type MinuteOutcomes,
  type Outcomes,
} from './last-hour.ts';

/** With latencies in milliseconds; absent without a request. */
interface MinuteStats extends MinuteOutcomes {
  readonly p50?: number | undefined;
  readonly p95?: number | undefined;
  readonly p99?: number | undefined;
}

/** Statistics of the decisions of all processes within the last hour. */
export interface HourStats {
  /** The last 60 minutes, oldest first. The last one is not over. */
  readonly minutes: readonly MinuteStats[];
  /** Refusals by the first failed check. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly limits: ReadonlyMap<string, number>;
  /** Decisions by the pattern of the channel. */
  readonly channels: ReadonlyMap<string, Outcomes>;
}

/** Creates the function that reads the statistics of all workers. It rejects if one of them does not respond. */
export function createReadLastHour(
  readOwn: () => HourCounts,
  peers: Pick<Peers, 'handle' | 'callAll'>,
): () => Promise<HourStats> {
  peers.handle('last-hour', readOwn);
  return async () => mergeHours((await peers.callAll('last-hour')) as readonly HourCounts[]);
}

/** Adds the counts of processes. Their latencies are counted together, because a mean of percentiles is not a percentile. */
export function mergeHours(all: readonly HourCounts[]): HourStats {
  const grants = sumOf(all.map(({ grantsOf }) => grantsOf));
  const refused = sumOf(all.map(({ refusalsOf }) => refusalsOf));
  const names = new Set([...grants.keys(), ...refused.keys()]);
  return {
    minutes: mergeMinutes(all),
    refusals: sumOf(all.map(({ refusals }) => refusals)),
    limits: sumOf(all.map(({ limits }) => limits)),
    channels: new Map(
      [...names].map((name) => {
        return [name, { granted: grants.get(name) ?? 0, refused: refused.get(name) ?? 0 }];
      }),
    ),
  };
}

/** Merged by time, because some processes may have begun a minute before others. */
function mergeMinutes(all: readonly HourCounts[]): readonly MinuteStats[] {
  const size = all[0]?.minutes.length ?? 0;
  const minutes = all.flatMap((each) => each.minutes);
  const times = [...new Set(minutes.map(({ at }) => at))].sort((a, b) => a - b).slice(-size);
  return times.map((at) => {
    const same = minutes.filter((minute) => minute.at === at);
    const latencies = new Latencies();
    for (const each of same) latencies.addCounts(each.latencies);
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => latencies.quantile(share));
    const total = (count: (minute: MinuteOutcomes) => number) =>
      same.reduce((sum, minute) => sum + count(minute), 0);
    return {
      at,
      granted: total(({ granted }) => granted),
      refused: total((each) => each.refused),
      unavailable: total(({ unavailable }) => unavailable),
      p50,
      p95,
      p99,
    };
  });
}
