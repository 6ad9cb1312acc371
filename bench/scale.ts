/** How much of everything a run does. */
export interface Scale {
  readonly rounds: number;
  /** Seconds of one measurement. */
  readonly seconds: { readonly warmUp: number; readonly closed: number; readonly open: number };
  readonly rows: number;
  readonly stormUsers: number;
  readonly stormPages: number;
  /** Seconds of rest after which memory counts as settled: Usher gives it back within fifteen. */
  readonly settle: number;
  readonly growth: {
    readonly rows: readonly number[];
    readonly channelTypes: readonly number[];
    readonly tokens: readonly number[];
  };
}

const full: Scale = {
  rounds: 5,
  seconds: { warmUp: 0.3, closed: 2, open: 1.5 },
  rows: 10_000,
  stormUsers: 10_000,
  stormPages: 2_000,
  settle: 20,
  growth: {
    rows: [1_000, 30_000, 1_000_000],
    channelTypes: [1, 10, 100, 1_000],
    tokens: [1, 100, 10_000, 100_000],
  },
};

/** Proves that everything works; its numbers mean nothing. */
const smoke: Scale = {
  rounds: 2,
  seconds: { warmUp: 0.1, closed: 0.3, open: 0.3 },
  rows: 1_000,
  stormUsers: 300,
  stormPages: 100,
  settle: 1,
  growth: { rows: [1_000, 10_000], channelTypes: [1, 10], tokens: [1, 100] },
};

/** Ratios within a few minutes; they vary more than those of a full run. */
const short: Scale = {
  ...full,
  rounds: 3,
  seconds: { warmUp: 0.2, closed: 1, open: 1 },
  stormUsers: 2_000,
  stormPages: 500,
  settle: 15,
  growth: { rows: [1_000, 30_000], channelTypes: [1, 10, 100], tokens: [1, 100, 10_000] },
};

const scales = { full, short, smoke } as const;

/** The name of the scale of this run: `BENCH_SCALE`, or `full`. */
export const scaleName = process.env['BENCH_SCALE'] ?? 'full';

/** The scale of this run. Throws if there is none with its name. */
export function chooseScale(): Scale {
  const scale = Object.entries(scales).find(([name]) => name === scaleName)?.[1];
  if (scale === undefined) throw new Error(`BENCH_SCALE is one of ${Object.keys(scales).join()}`);
  return scale;
}
