import { usherScript, type Bench } from './bench.ts';
import { barChart } from './chart.ts';
import { withClient } from './database.ts';
import { fill } from './facts.ts';
import { raisedLimits } from './keys.ts';
import type { Scenario } from './load/scenarios.ts';
import { describeRun, keep, keepChart } from './output.ts';
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

/** What people write today: the chart's one. */
const usual = 'Fastify + jose + Prisma + pusher';

/** How many different tokens are repeated where they are warm. */
const warmTokens = 300;

/** The run without arguments: Usher beside what it could be replaced by, one table. */
export async function runComparison(bench: Bench): Promise<void> {
  const databaseUrl = await bench.postgres.create();
  await withClient(databaseUrl, (client) => fill(client, bench.scale.rows));
  const contestants = await startContestants(bench, databaseUrl);
  const results = await runRounds(bench, contestants);
  const rows = results.map((result) => ({ ...result, ratios: ratiosOf(result, results) }));
  console.log(formatTable(headings, rows.map(cellsOf)));
  for (const line of notes(bench, results)) console.log(line);
  await keep('comparison', { ...describeRun(bench), limits: raisedLimits, results: rows });
  await keepChart('comparison', chartOf(rows));
}

async function startContestants(bench: Bench, databaseUrl: string): Promise<Contestant[]> {
  const { rows } = bench.scale;
  const guest: Scenario = { name: 'guest', rows, tokens: warmTokens };
  const contestants: Contestant[] = [];
  for (const [name, script] of Object.entries(baselines)) {
    const server = await bench.serve(script, databaseUrl);
    const asks = name === usual ? databaseUrl : undefined;
    contestants.push({ name, server, databaseUrl: asks, scenario: guest });
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
  'a second',
  'p50 ms',
  'p99 ms',
  'RSS MB',
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

function formatRatio({ ratio, least, most }: Ratio): string {
  return `${ratio.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
}

function notes({ pinning, postgres, scale }: Bench, results: readonly Result[]): readonly string[] {
  const busiest = Math.max(...results.map(({ clientBusy }) => clientBusy));
  return [
    `Medians of ${scale.rounds} alternating rounds; ratios are of medians, with the least and the most of any round.`,
    `Throughput: closed loop, ${connections} keep-alive connections. Latency: open loop at ${openShare * 100} % of it, from when a request was meant to be sent.`,
    `Pinning: ${pinning.about}. Database: ${postgres.about}.`,
    `Usher is the built service in production, AUDIT=strict; the others keep no record. Raised, since one address asks everything: ${Object.keys(raisedLimits).join(', ')}.`,
    `The client was busy for ${(busiest * 100).toFixed(0)} % of a core at most.`,
  ];
}

function chartOf(rows: readonly Row[]): string {
  const bars = rows.map(({ name, ratios }) => {
    const { ratio = NaN, least = NaN, most = NaN } = ratios[usual] ?? {};
    return { name, value: ratio, least, most, isOurs: name.startsWith('Usher') };
  });
  return barChart(`Authorizations a second, as a multiple of ${usual}`, bars);
}
