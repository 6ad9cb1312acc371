import { tmpdir } from 'node:os';
import { usherScript, type Bench } from './bench.ts';
import { startClient, type Client } from './client.ts';
import { withClient } from './database.ts';
import { fill } from './facts.ts';
import type { Measured } from './load/job.ts';
import { residentMegabytes, watchMemory } from './memory.ts';
import { describeRun, keep } from './output.ts';
import type { Server } from './server.ts';
import { formatTable } from './table.ts';

/** Requests without a credential, all from one address. */
const requests = 20_000;

/** Connections that the flood comes over, each with one request under way. */
const connections = 64;

/** Facts that the honest user asks about. */
const rows = 1_000;

/** What the honest user asks: so many channels a second, for so many seconds. */
const honest = { rate: 20, seconds: 3 } as const;

interface Rows {
  readonly decisions: number;
  readonly events: number;
}

/** A flood of refused requests from one address, and an honest user beside it. `RATE_LIMIT_FAILURES` has its default. */
export async function runFlood(bench: Bench): Promise<void> {
  const databaseUrl = await bench.postgres.create();
  await withClient(databaseUrl, (client) => fill(client, rows));
  const server = await bench.serve(usherScript, databaseUrl, { RATE_LIMIT_FAILURES: '60' });
  const user = startClient(bench.cleanup, { prefix: bench.pinning.client, directory: tmpdir() });
  // An Usher that has been at work before has compiled its code.
  await ask(user, bench, server);
  const alone = await ask(user, bench, server);
  const before = await countRows(databaseUrl);
  const idle = await residentMegabytes(server.child.pid);
  const watch = watchMemory(() => server.child.pid);
  const [beside, flood] = await Promise.all([
    ask(user, bench, server),
    bench.client.measure({
      port: server.port,
      scenario: { name: 'stranger', rows, tokens: 'fresh' },
      keys: bench.keys,
      connections,
      pace: { kind: 'drain', requests },
      verifyEvery: 200,
    }),
  ]);
  const peak = watch.stop();
  // Rows of the minute are written when Usher ends, if not before.
  await server.child.end();
  const after = await countRows(databaseUrl);
  const granted = beside.answers;
  const results = {
    seconds: flood.elapsed / 1000,
    perSecond: requests / (flood.elapsed / 1000),
    decisions: after.decisions - before.decisions - granted,
    events: after.events - before.events,
    memory: { idle, peak },
    user: { alone: latencyOf(alone), beside: latencyOf(beside) },
  };
  console.log(formatTable(headings, [cellsOf(results)]));
  console.log(
    `${requests} requests without a credential over ${connections} connections; beside them one user asks for ${honest.rate} channels a second. Every answer of the user was a signature.`,
  );
  console.log(`Pinning: ${bench.pinning.about}. Database: ${bench.postgres.about}.`);
  await keep('flood', { ...describeRun(bench), requests, connections, honest, results });
}

function ask(client: Client, { keys }: Bench, { port }: Server): Promise<Measured> {
  return client.measure({
    port,
    scenario: { name: 'user', rows, tokens: 20 },
    keys,
    connections: 4,
    pace: { kind: 'open', ...honest },
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
  'flood in s',
  'a second',
  'rows of audit_log',
  'rows of security_events',
  'RSS MB before',
  'peak',
  'user alone p50 ms',
  'p99 ms',
  'beside the flood p50 ms',
  'p99 ms',
];

function cellsOf(results: {
  readonly seconds: number;
  readonly perSecond: number;
  readonly decisions: number;
  readonly events: number;
  readonly memory: { readonly idle: number; readonly peak: number };
  readonly user: Readonly<Record<'alone' | 'beside', Pick<Measured, 'p50' | 'p99'>>>;
}): readonly string[] {
  const { alone, beside } = results.user;
  return [
    results.seconds.toFixed(1),
    results.perSecond.toFixed(0),
    String(results.decisions),
    String(results.events),
    results.memory.idle.toFixed(0),
    results.memory.peak.toFixed(0),
    ...[alone.p50, alone.p99, beside.p50, beside.p99].map((each) => each.toFixed(1)),
  ];
}
