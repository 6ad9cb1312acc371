import type { Bench } from '../bench.ts';
import type { Scenario } from '../load/scenarios.ts';
import { connections, runRounds, type Contestant, type Result } from '../rounds.ts';
import { median } from '../statistics.ts';
import type { Build } from './builds.ts';
import type { Pair, Row } from './row.ts';

/** Loads of both builds. The latency is measured with the first one. */
const loads = {
  'guest, warm tokens, per second': { tokens: 300, connections },
  'guest, warm tokens, 32 connections, per second': { tokens: 300, connections: 32 },
  'guest, fresh tokens, per second': { tokens: 'fresh', connections },
} as const;

const bareScript = 'bench/contestants/fastify.ts';

/** Measures throughput with warm and fresh tokens, and p99 latency relative to bare Fastify. */
export async function measureRates(bench: Bench, builds: Pair<Build>): Promise<readonly Row[]> {
  const scenario: Scenario = { name: 'guest', rows: bench.scale.rows, tokens: 300 };
  const server = await bench.serve(bareScript, undefined);
  const contestants = [
    { name: bareScript, server, databaseUrl: undefined, scenario },
    ...(await contestantsOf(bench, builds, { side: 'before', scenario })),
    ...(await contestantsOf(bench, builds, { side: 'now', scenario })),
  ];
  const results = await runRounds(bench, contestants);
  await Promise.all(contestants.map((each) => each.server.child.end()));
  const find = (name: string) => resultOf(results, name);
  const [warm = '', ...others] = Object.keys(loads);
  const pairOf = (metric: string) => ({
    before: find(`before ${metric}`),
    now: find(`now ${metric}`),
  });
  const bare = median(find(bareScript).p99s);
  const { before, now } = pairOf(warm);
  return [
    ...[warm, ...others].map((metric) => rateRow(metric, pairOf(metric))),
    {
      metric: 'guest, warm tokens, p99 at 70 % load, × Fastify + HMAC',
      before: before.p99s.map((p99) => p99 / bare),
      now: now.p99s.map((p99) => p99 / bare),
    },
  ];
}

async function contestantsOf(
  bench: Bench,
  builds: Pair<Build>,
  { side, scenario }: { readonly side: keyof Pair<Build>; readonly scenario: Scenario },
): Promise<readonly Contestant[]> {
  const { script, databaseUrl } = builds[side];
  const server = await bench.serve(script, databaseUrl);
  return Object.entries(loads).map(([metric, { tokens, connections: count }]) => ({
    name: `${side} ${metric}`,
    server,
    databaseUrl,
    scenario: { ...scenario, tokens },
    connections: count,
  }));
}

function rateRow(metric: string, { before, now }: Pair<Result>): Row {
  return { metric, before: before.rates, now: now.rates };
}

function resultOf(results: readonly Result[], name: string): Result {
  const found = results.find((result) => result.name === name);
  if (found === undefined) throw new Error(`No result of ${name}`);
  return found;
}
