import { usherScript, type Bench } from './bench.ts';
import { barChart } from './chart.ts';
import { withClient } from './database.ts';
import { fill } from './facts.ts';
import { raisedLimits } from './keys.ts';
import type { Scenario } from './load/scenarios.ts';
import { describeRun, writeResults, writeChart } from './output.ts';
import {
  connections,
  mediansOf,
  openShare,
  runRounds,
  type Contestant,
  type Result,
} from './rounds.ts';
import { compare, type Ratio } from './statistics.ts';
import { formatTable } from './table.ts';

const baselines = {
  'node:http + HMAC': 'bench/contestants/node-http.ts',
  'Fastify + HMAC': 'bench/contestants/fastify.ts',
  'Fastify + jose + Prisma + pusher': 'bench/contestants/fastify-prisma.ts',
  'Express + jsonwebtoken + pusher': 'bench/contestants/express.ts',
} as const;

/** The reference of the chart: a typical hand-written service. */
const usual = 'Fastify + jose + Prisma + pusher';

/** Number of tokens that a measurement with warm tokens repeats. */
const warmTokens = 300;

/** The default command: compares Usher with alternatives in one table. */
export async function runComparison(bench: Bench): Promise<void> {
  const databaseUrl = await bench.postgres.create();
  await withClient(databaseUrl, (client) => fill(client, bench.scale.rows));
  const contestants = await startContestants(bench, databaseUrl);
  const results = await runRounds(bench, contestants);
  const rows = results.map((result) => ({ ...result, ratios: ratiosOf(result, results) }));
  console.log(formatTable(headings, rows.map(cellsOf)));
  for (const line of notes(bench, results)) console.log(line);
  await writeResults('comparison', { ...describeRun(bench), limits: raisedLimits, results: rows });
  await writeChart('comparison', chartOf(rows));
}

async function startContestants(bench: Bench, databaseUrl: string): Promise<Contestant[]> {
  const { rows } = bench.scale;
  const guest: Scenario = { name: 'guest', rows, tokens: warmTokens };
  const contestants: Contestant[] = [];
  for (const [name, script] of Object.entries(baselines)) {
    const server = await bench.serve(script, databaseUrl);
    const ownDatabase = name === usual ? databaseUrl : undefined;
    contestants.push({ name, server, databaseUrl: ownDatabase, scenario: guest });
  }
  const server = await bench.serve(usherScript, databaseUrl);
  const ours: Readonly<Record<string, Scenario>> = {
    'Usher, guest, warm tokens': guest,
    'Usher, guest, fresh tokens': { ...guest, tokens: 'fresh' },
    'Usher, guest, refused': { ...guest, name: 'guest-refused' },
    'Usher, tenant user, warm tokens': { ...guest, name: 'user' },
    'Usher, batch of 20 channels': { ...guest, name: 'seller-batch' },
  };
  for (const [name, scenario] of Object.entries(ours)) {
    contestants.push({ name, server, databaseUrl, scenario });
  }
  return contestants;
}

type Row = Result & { readonly ratios: Readonly<Record<string, Ratio>> };

function ratiosOf(result: Result, results: readonly Result[]): Row['ratios'] {
  const against = results.filter(({ name }) => Object.hasOwn(baselines, name));
  return Object.fromEntries(
    against.map((baseline) => [baseline.name, compare(result.rates, baseline.rates)]),
  );
}

const headings = [
  'authorizations',
  'per second',
  'p50, ms',
  'p99, ms',
  'RSS, MB',
  ...Object.keys(baselines).map((name) => `× ${name}`),
];

function cellsOf(row: Row): readonly string[] {
  const { rate, p50, p99 } = mediansOf(row);
  return [
    row.name,
    rate.toFixed(0),
    p50.toFixed(2),
    p99.toFixed(2),
    row.residentMegabytes.toFixed(0),
    ...Object.entries(row.ratios).map(([name, ratio]) =>
      name === row.name ? '1' : formatRatio(ratio),
    ),
  ];
}

function formatRatio({ ratio, min, max }: Ratio): string {
  return `${ratio.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

function notes({ pinning, postgres, scale }: Bench, results: readonly Result[]): readonly string[] {
  const busiest = Math.max(...results.map(({ clientBusy }) => clientBusy));
  return [
    `Medians of ${scale.rounds} alternating rounds; ratios of medians, with the minimum and maximum of all rounds.`,
    `Throughput: closed loop, ${connections} keep-alive connections. Latency: open loop at ${openShare * 100} % of it, measured from the planned time of a request.`,
    `Pinning: ${pinning.description}. Database: ${postgres.description}.`,
    `Usher is the built service in production mode with AUDIT=strict; the others write no audit log. Raised limits, because one address sends all requests: ${Object.keys(raisedLimits).join(', ')}.`,
    `The load generator used at most ${(busiest * 100).toFixed(0)} % of a core.`,
  ];
}

function chartOf(rows: readonly Row[]): string {
  const bars = rows.map(({ name, ratios }) => {
    const { ratio = NaN, min = NaN, max = NaN } = ratios[usual] ?? {};
    return { name, value: ratio, min, max, isOurs: name.startsWith('Usher') };
  });
  return barChart(`Authorizations per second, as a multiple of ${usual}`, bars);
}
