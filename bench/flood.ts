import { tmpdir } from 'node:os';
import { usherScript, type Bench } from './bench.ts';
import { startClient, type Client } from './client.ts';
import { withClient } from './database.ts';
import { fill } from './facts.ts';
import type { Measured } from './load/job.ts';
import { processorSeconds, residentMegabytes, watchMemory } from './memory.ts';
import { describeRun, writeResults } from './output.ts';
import type { Server } from './server.ts';
import { formatTable } from './table.ts';

/** An open loop of requests without credentials from one address: 20,000 requests, 500 per second. */
const flood = { rate: 500, seconds: 40 } as const;

/** Connections of the flood, each with one open request. */
const connections = 16;

/** Facts of the channels that the user requests. */
const rows = 1_000;

/** Load of the user: channels per second, and duration in seconds. */
const userLoad = { rate: 20, seconds: 36 } as const;

interface Rows {
  readonly decisions: number;
  readonly events: number;
}

/** Measures the latency of a user during a flood of refused requests from the same address, with the default of `RATE_LIMIT_FAILURES`. */
export async function runFlood(bench: Bench): Promise<void> {
  const databaseUrl = await bench.postgres.create();
  await withClient(databaseUrl, (client) => fill(client, rows));
  const server = await bench.serve(usherScript, databaseUrl, { RATE_LIMIT_FAILURES: '60' });
  const user = startClient(bench.cleanup, { prefix: bench.pinning.client, directory: tmpdir() });
  // Warm-up.
  await measureUser(user, bench, server);
  const alone = await measureUser(user, bench, server);
  const before = await countRows(databaseUrl);
  const idle = await residentMegabytes(server.child.pid);
  const processorBefore = await processorSeconds(server.child.pid);
  const watch = watchMemory(() => server.child.pid);
  const [beside, flooded] = await Promise.all([
    measureUser(user, bench, server),
    bench.client.measure({
      port: server.port,
      scenario: { name: 'no-credentials', rows, tokens: 'fresh' },
      keys: bench.keys,
      connections,
      pace: { kind: 'open', ...flood },
      verifyEvery: 200,
    }),
  ]);
  const peak = watch.stop();
  const processor = (await processorSeconds(server.child.pid)) - processorBefore;
  // Rows that summarize a minute are written at shutdown at the latest.
  await server.child.end();
  const after = await countRows(databaseUrl);
  const granted = beside.responses;
  const results = {
    requests: flooded.responses,
    processor,
    latency: latencyOf(flooded),
    decisions: after.decisions - before.decisions - granted,
    events: after.events - before.events,
    memory: { idle, peak },
    user: { alone: latencyOf(alone), beside: latencyOf(beside) },
  };
  console.log(formatTable(headings, [cellsOf(results)]));
  console.log(
    `${results.requests} requests without credentials, ${flood.rate} per second over ${connections} connections. At the same time one user requests ${userLoad.rate} channels per second. Every response to the user was a signature.`,
  );
  console.log(`Pinning: ${bench.pinning.description}. Database: ${bench.postgres.description}.`);
  await writeResults('flood', { ...describeRun(bench), flood, connections, userLoad, results });
}

function measureUser(client: Client, { keys }: Bench, { port }: Server): Promise<Measured> {
  return client.measure({
    port,
    scenario: { name: 'user', rows, tokens: 20 },
    keys,
    connections: 2,
    pace: { kind: 'open', ...userLoad },
    verifyEvery: 1,
  });
}

function countRows(url: string): Promise<Rows> {
  return withClient(url, async (client) => {
    const { rows: found } = await client.query<Rows>(
      `SELECT (SELECT count(*)::int FROM audit_log) AS decisions,
        (SELECT count(*)::int FROM security_events) AS events`,
    );
    return found[0] ?? { decisions: NaN, events: NaN };
  });
}

function latencyOf({ p50, p99 }: Measured) {
  return { p50, p99 };
}

const headings = [
  'processor time, s',
  'flood p50, ms',
  'p99, ms',
  'rows of audit_log',
  'rows of security_events',
  'RSS before, MB',
  'peak',
  'user alone p50, ms',
  'p99, ms',
  'user during flood p50, ms',
  'p99, ms',
];

function cellsOf(results: {
  readonly processor: number;
  readonly latency: Pick<Measured, 'p50' | 'p99'>;
  readonly decisions: number;
  readonly events: number;
  readonly memory: { readonly idle: number; readonly peak: number };
  readonly user: Readonly<Record<'alone' | 'beside', Pick<Measured, 'p50' | 'p99'>>>;
}): readonly string[] {
  const { alone, beside } = results.user;
  return [
    results.processor.toFixed(1),
    results.latency.p50.toFixed(1),
    results.latency.p99.toFixed(1),
    String(results.decisions),
    String(results.events),
    results.memory.idle.toFixed(0),
    results.memory.peak.toFixed(0),
    ...[alone.p50, alone.p99, beside.p50, beside.p99].map((each) => each.toFixed(1)),
  ];
}
