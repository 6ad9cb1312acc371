import type { AuditEvent } from '../../audit/audit-event.ts';
import type { LimitName } from '../../rate-limit/limits.ts';
import { Unavailable } from '../../runtime/unavailable.ts';

export interface Outcomes {
  readonly granted: number;
  readonly refused: number;
}

/** The decisions of one minute. */
export interface MinuteFigures extends Outcomes {
  /** The start of the minute, in milliseconds since the epoch. */
  readonly at: number;
  /** Requests that got no decision, because a dependency was unavailable. */
  readonly unavailable: number;
  /** In milliseconds; absent without a request. */
  readonly p50?: number | undefined;
  readonly p95?: number | undefined;
  readonly p99?: number | undefined;
}

/** What this process decided within the last hour. */
export interface HourFigures {
  /** The last 60 minutes, oldest first. The last one is not over. */
  readonly minutes: readonly MinuteFigures[];
  /** Refusals by the first failed check. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly limits: ReadonlyMap<string, number>;
  /** Decisions by the pattern of the channel. */
  readonly channels: ReadonlyMap<string, Outcomes>;
}

export interface LastHour {
  readonly countDecision: (event: Pick<AuditEvent, 'outcome' | 'failedCheck' | 'family'>) => void;
  /** Counts a refusal that has no row. */
  readonly countUnrecorded: () => void;
  readonly countLimitExceeded: (limit: LimitName) => void;
  /** Counts the duration of a use case, in milliseconds, and its error if it failed. */
  readonly countDuration: (ms: number, error?: unknown) => void;
  readonly read: () => HourFigures;
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

  figures(at: number): MinuteFigures {
    if (this.at !== at) return { at, granted: 0, refused: 0, unavailable: 0 };
    const { granted, refused, unavailable, latencies } = this;
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => latencies.quantile(share));
    return { at, granted, refused, unavailable, p50, p95, p99 };
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
    countUnrecorded: () => {
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
      return {
        minutes: times.map((at) => slotOf(at).figures(at)),
        refusals: sumOf(valid.map((each) => each.refusals)),
        limits: sumOf(valid.map((each) => each.limits)),
        channels: outcomesOf(valid),
      };
    },
  };
}

function add(counts: Map<string, number>, name: string): void {
  const before = counts.get(name);
  if (before !== undefined || counts.size < maxNames) counts.set(name, (before ?? 0) + 1);
}

function sumOf(all: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [name, count] of all.flatMap((each) => [...each])) {
    sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return sums;
}

function outcomesOf(all: readonly Minute[]): ReadonlyMap<string, Outcomes> {
  const grants = sumOf(all.map((each) => each.grantsOf));
  const refusals = sumOf(all.map((each) => each.refusalsOf));
  const names = new Set([...grants.keys(), ...refusals.keys()]);
  return new Map(
    [...names].map((name) => {
      return [name, { granted: grants.get(name) ?? 0, refused: refusals.get(name) ?? 0 }];
    }),
  );
}

/** Each bound is 12 % above the one before, from 0.1 ms to more than two minutes. */
const [firstMs, growth, size] = [0.1, 1.12, 126] as const;

const scale = 1 / Math.log(growth);

/** Counts of durations between fixed bounds: of constant size, whatever their number. */
export class Latencies {
  readonly #counts = new Uint32Array(size);
  #total = 0;

  add(ms: number): void {
    const index = ms <= firstMs ? 0 : Math.ceil(Math.log(ms / firstMs) * scale);
    const bounded = Math.min(index, size - 1);
    this.#counts[bounded] = (this.#counts[bounded] ?? 0) + 1;
    this.#total += 1;
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
