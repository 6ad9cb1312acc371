/** Sizes and durations of a run. */
export interface Scale {
  readonly rounds: number;
  /** Durations of one measurement in seconds: warm-up, closed loop and open loop. */
  readonly seconds: { readonly warmUp: number; readonly closed: number; readonly open: number };
  readonly rows: number;
  readonly stormUsers: number;
  readonly stormPages: number;
  /** Idle seconds before memory is measured. Usher returns memory within 15 s. */
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

/** Shows that all commands work. Its figures are not meaningful. */
const smoke: Scale = {
  rounds: 2,
  seconds: { warmUp: 0.1, closed: 0.3, open: 0.3 },
  rows: 1_000,
  stormUsers: 300,
  stormPages: 100,
  settle: 1,
  growth: { rows: [1_000, 10_000], channelTypes: [1, 10], tokens: [1, 100] },
};

/** Takes a few minutes. Its ratios vary more than those of a full run. */
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

/** `BENCH_SCALE`, or `full`. */
export const scaleName = process.env['BENCH_SCALE'] ?? 'full';

/** The scale of this run. Throws if `BENCH_SCALE` is unknown. */
export function chooseScale(): Scale {
  const scale = Object.entries(scales).find(([name]) => name === scaleName)?.[1];
  if (scale === undefined)
    throw new Error(`BENCH_SCALE must be one of ${Object.keys(scales).join(', ')}`);
  return scale;
}
