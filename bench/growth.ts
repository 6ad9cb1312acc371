import { usherScript, type Bench } from './bench.ts';
import { measureMatching, relativeCosts } from './registry-cost.ts';
import { lineChart, type Line } from './chart.ts';
import { withClient } from './database.ts';
import { fill } from './facts.ts';
import type { ScenarioName } from './load/scenarios.ts';
import { describeRun, writeResults, writeChart } from './output.ts';
import { connections, mediansOf, runRounds, type Contestant, type Result } from './rounds.ts';
import { compare, type Ratio } from './statistics.ts';
import { formatTable } from './table.ts';

/** Results of one scenario at several sizes. */
interface Growing {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly results: readonly Result[];
}

/** Cost at each size, relative to the smallest size. `rates` are authorizations per second; empty for measurements without requests. */
interface Curve {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly costs: readonly Ratio[];
  readonly rates: readonly number[];
}

/** Measures how the cost of a decision grows with the number of rows, tokens and channel types. */
export async function runGrowth(bench: Bench): Promise<void> {
  const { channelTypes } = bench.scale.growth;
  const registry = measureMatching(channelTypes, bench.scale.rounds);
  const databases = await fillDatabases(bench);
  const growing = [
    ...(await growRows(bench, databases)),
    await growTokens(bench, databases[0]?.url ?? ''),
  ];
  const curves: readonly Curve[] = [
    ...growing.map(curveOf),
    {
      name: 'parsing a name, by channel types',
      sizes: channelTypes,
      costs: relativeCosts(registry),
      rates: [],
    },
  ];
  console.log(formatTable(headings, curves.flatMap(cellsOf)));
  console.log(
    `Cost: the inverse of throughput in a closed loop of ${connections} connections, relative to the first size; range: the minimum and maximum of all rounds.`,
  );
  console.log(`Pinning: ${bench.pinning.description}. Database: ${bench.postgres.description}.`);
  await writeResults('growth', { ...describeRun(bench), growing, registry });
  const title = 'Cost of a request, relative to the smallest size';
  await writeChart('growth', lineChart(title, 'size', curves.map(lineOf)));
}

interface Filled {
  readonly rows: number;
  readonly url: string;
}

async function fillDatabases(bench: Bench): Promise<readonly Filled[]> {
  const filled: Filled[] = [];
  for (const rows of bench.scale.growth.rows) {
    process.stderr.write(`filling a database with ${rows} rows of each kind\n`);
    const url = await bench.postgres.create();
    await withClient(url, (client) => fill(client, rows));
    filled.push({ rows, url });
  }
  return filled;
}

/** Uses fresh tokens: each decision reads a different row, so that no cache hides the size of the table. */
async function growRows(bench: Bench, databases: readonly Filled[]): Promise<readonly Growing[]> {
  const sizes = databases.map(({ rows }) => rows);
  const contestants: (Contestant & { readonly kind: ScenarioName })[] = [];
  for (const { rows, url } of databases) {
    const server = await bench.serve(usherScript, url);
    for (const kind of ['guest', 'user', 'list'] as const) {
      const scenario = { name: kind, rows, tokens: 'fresh' } as const;
      contestants.push({ name: `${kind} ${rows}`, kind, server, databaseUrl: url, scenario });
    }
  }
  const results = await runRounds(bench, contestants);
  for (const server of new Set(contestants.map((each) => each.server))) await server.child.end();
  const ofKind = (kind: ScenarioName) =>
    results.filter((_, index) => contestants[index]?.kind === kind);
  return [
    { name: 'guest, by rows', sizes, results: ofKind('guest') },
    { name: 'tenant user, by rows', sizes, results: ofKind('user') },
    { name: 'GET /api/channels, by rows', sizes, results: ofKind('list') },
  ];
}

/** Uses one server per size: in a shared server, the largest cache would affect the other sizes. */
async function growTokens(bench: Bench, url: string): Promise<Growing> {
  const sizes = bench.scale.growth.tokens;
  const [rows = 1] = bench.scale.growth.rows;
  const contestants: Contestant[] = [];
  for (const tokens of sizes) {
    const server = await bench.serve(usherScript, url);
    const scenario = { name: 'guest', rows, tokens } as const;
    await sendEveryToken(bench, server.port, scenario);
    contestants.push({ name: `${tokens} tokens`, server, databaseUrl: url, scenario });
  }
  return { name: 'guest, by tokens', sizes, results: await runRounds(bench, contestants) };
}

/** Sends every token once, so that the measurement finds it in the cache. */
async function sendEveryToken(
  { client, keys }: Bench,
  port: number,
  scenario: Contestant['scenario'] & { readonly tokens: number },
): Promise<void> {
  const pace = { kind: 'drain', requests: scenario.tokens } as const;
  await client.measure({ port, scenario, keys, connections, pace, verifyEvery: 1_000 });
}

const headings = ['scenario', 'size', 'per second', 'relative cost', 'range'];

function curveOf({ name, sizes, results }: Growing): Curve {
  const [first] = results;
  return {
    name,
    sizes,
    costs: results.map(({ rates }) => compare(first?.rates ?? [], rates)),
    rates: results.map((result) => mediansOf(result).rate),
  };
}

function cellsOf({ name, sizes, costs, rates }: Curve): readonly (readonly string[])[] {
  return costs.map(({ ratio, min, max }, index) => [
    name,
    (sizes[index] ?? NaN).toLocaleString('en'),
    rates[index]?.toFixed(0) ?? '',
    ratio.toFixed(2),
    `${min.toFixed(2)}–${max.toFixed(2)}`,
  ]);
}

function lineOf({ name, sizes, costs }: Curve): Line {
  return { name, points: sizes.map((x, index) => ({ x, y: costs[index]?.ratio ?? NaN })) };
}
