import type { AuditEvent } from '../../audit/audit-event.ts';
import type { LimitName } from '../../rate-limit/limits.ts';
import { Unavailable } from '../../runtime/unavailable.ts';

export interface Outcomes {
  readonly granted: number;
  readonly refused: number;
}

/** The decisions of one minute. */
export interface MinuteOutcomes extends Outcomes {
  /** The start of the minute, in milliseconds since the epoch. */
  readonly at: number;
  /** Requests that got no decision, because a dependency was unavailable. */
  readonly unavailable: number;
}

type NamedCounts = readonly (readonly [name: string, count: number])[];

/** Statistics of the decisions of one process within the last hour, as JSON for the other processes. */
export interface HourCounts {
  /** The last 60, oldest first. */
  readonly minutes: readonly (MinuteOutcomes & { readonly latencies: LatencyCounts })[];
  readonly refusals: NamedCounts;
  readonly limits: NamedCounts;
  readonly grantsOf: NamedCounts;
  readonly refusalsOf: NamedCounts;
}

export interface LastHour {
  readonly countDecision: (event: Pick<AuditEvent, 'outcome' | 'failedCheck' | 'family'>) => void;
  /** Counts a refusal that has no row. */
  readonly countUnwritten: () => void;
  readonly countLimitExceeded: (limit: LimitName) => void;
  /** Counts the duration of a use case, in milliseconds, and its error if it failed. */
  readonly countDuration: (ms: number, error?: unknown) => void;
  /** The last 60 minutes, oldest first. The last one is not over. */
  readonly read: () => HourCounts;
}

const minuteMs = 60_000;
const minutes = 60;

/** The maximum number of names that a minute counts by itself. Names are those of policies, which change seldom. */
const maxNames = 1_000;

class Minute {
  at = -1;
  granted = 0;
  refused = 0;
  unavailable = 0;
  readonly latencies = new Latencies();
  readonly refusals = new Map<string, number>();
  readonly limits = new Map<string, number>();
  readonly grantsOf = new Map<string, number>();
  readonly refusalsOf = new Map<string, number>();

  restart(at: number): void {
    this.at = at;
    this.granted = this.refused = this.unavailable = 0;
    this.latencies.clear();
    for (const each of [this.refusals, this.limits, this.grantsOf, this.refusalsOf]) each.clear();
  }

  counts(at: number): HourCounts['minutes'][number] {
    if (this.at !== at) return { at, granted: 0, refused: 0, unavailable: 0, latencies: [] };
    const { granted, refused, unavailable, latencies } = this;
    return { at, granted, refused, unavailable, latencies: latencies.counts() };
  }
}

/** Counts decisions by minute, in a ring of 60 minutes. */
export function createLastHour(now: () => number): LastHour {
  const ring = Array.from({ length: minutes }, () => new Minute());
  const startOf = (time: number) => Math.floor(time / minuteMs) * minuteMs;
  const slotOf = (at: number) => ring[(at / minuteMs) % minutes] as Minute;
  const current = (): Minute => {
    const at = startOf(now());
    const minute = slotOf(at);
    if (minute.at !== at) minute.restart(at);
    return minute;
  };
  return {
    countDecision: ({ outcome, failedCheck, family }) => {
      const minute = current();
      const isGrant = outcome === 'grant';
      if (isGrant) minute.granted += 1;
      else minute.refused += 1;
      if (!isGrant && failedCheck !== undefined) add(minute.refusals, failedCheck);
      if (family !== undefined) add(isGrant ? minute.grantsOf : minute.refusalsOf, family);
    },
    countUnwritten: () => {
      current().refused += 1;
    },
    countLimitExceeded: (limit) => {
      add(current().limits, limit);
    },
    countDuration: (ms, error) => {
      const minute = current();
      if (error instanceof Unavailable) minute.unavailable += 1;
      minute.latencies.add(ms);
    },
    read: () => {
      const last = startOf(now());
      const times = Array.from({ length: minutes }, (_, i) => last - (minutes - 1 - i) * minuteMs);
      const valid = times.map((at) => slotOf(at)).filter((minute, i) => minute.at === times[i]);
      const sum = (countsOf: (minute: Minute) => ReadonlyMap<string, number>) => [
        ...sumOf(valid.map(countsOf)),
      ];
      return {
        minutes: times.map((at) => slotOf(at).counts(at)),
        refusals: sum((each) => each.refusals),
        limits: sum((each) => each.limits),
        grantsOf: sum((each) => each.grantsOf),
        refusalsOf: sum((each) => each.refusalsOf),
      };
    },
  };
}

function add(counts: Map<string, number>, name: string): void {
  const before = counts.get(name);
  if (before !== undefined || counts.size < maxNames) counts.set(name, (before ?? 0) + 1);
}

/** The sums of these counts by name. */
export function sumOf(all: readonly Iterable<readonly [string, number]>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [name, count] of all.flatMap((each) => [...each])) {
    sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return sums;
}

/** Each bound is 12 % above the one before, from 0.1 ms to more than two minutes. */
const [firstMs, growth, size] = [0.1, 1.12, 126] as const;

const scale = 1 / Math.log(growth);

/** The counts that are not 0, by the index of their bound. */
type LatencyCounts = readonly (readonly [index: number, count: number])[];

/** Counts of durations between fixed bounds: of constant size, whatever their number. */
export class Latencies {
  readonly #counts = new Uint32Array(size);
  #total = 0;

  add(ms: number): void {
    const index = ms <= firstMs ? 0 : Math.ceil(Math.log(ms / firstMs) * scale);
    this.#addCount(Math.min(index, size - 1), 1);
  }

  /** Adds the counts of another process. */
  addCounts(counts: LatencyCounts): void {
    for (const [index, count] of counts) this.#addCount(index, count);
  }

  counts(): LatencyCounts {
    return [...this.#counts.entries()].filter(([, count]) => count > 0);
  }

  #addCount(index: number, count: number): void {
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
    this.#total += count;
  }

  /** The bound in milliseconds that this share of the durations does not exceed, at most 12 % too high; `undefined` without any. */
  quantile(share: number): number | undefined {
    if (this.#total === 0) return undefined;
    const rank = Math.ceil(this.#total * share);
    let seen = 0;
    const index = this.#counts.findIndex((count) => {
      seen += count;
      return seen >= rank;
    });
    return Number((firstMs * growth ** index).toPrecision(3));
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
