import { setTimeout as sleep } from 'node:timers/promises';
import { usherScript, type Bench } from './bench.ts';
import { withClient } from './database.ts';
import { fill } from './facts.ts';
import { raisedLimits } from './keys.ts';
import { showElapsed } from './progress.ts';
import type { Measured } from './load/job.ts';
import { residentMegabytes, watchMemory } from './memory.ts';
import { describeRun, writeResults } from './output.ts';
import type { Server } from './server.ts';
import {
  channelsOfUser,
  stormConnections as connections,
  stormJob,
  warmUp,
  type StormScenario,
} from './storm-load.ts';
import { formatTable } from './table.ts';

interface Storm {
  readonly name: string;
  readonly scenario: StormScenario;
  /** Milliseconds after the start at which the server is killed and restarted. */
  readonly killAfter?: number;
}

interface StormResult extends Pick<Measured, 'wrong' | 'p50' | 'p99' | 'reconnects' | 'verified'> {
  readonly name: string;
  readonly authorizations: number;
  readonly seconds: number;
  /** Megabytes. */
  readonly memory: { readonly idle: number; readonly peak: number; readonly settled: number };
}

/** Measures a reconnect of all users at once, each with their own token and five channels. */
export async function runStorm(bench: Bench): Promise<void> {
  const databaseUrl = await bench.postgres.create();
  await withClient(databaseUrl, (client) => fill(client, bench.scale.stormUsers));
  const single = await measureStorm(bench, databaseUrl, {
    name: 'one by one',
    scenario: 'five-channels',
  });
  const results = [
    single,
    await measureStorm(bench, databaseUrl, { name: 'in batches', scenario: 'five-channels-batch' }),
    await measureStorm(bench, databaseUrl, {
      name: 'one by one, killed half-way',
      scenario: 'five-channels',
      killAfter: single.seconds * 500,
    }),
  ];
  console.log(formatTable(headings, results.map(cellsOf)));
  console.log(
    `${bench.scale.stormUsers} users with one token and ${channelsOfUser} channels each, over ${connections} keep-alive connections. The signature of every response was verified; no request failed.`,
  );
  console.log(
    `Memory: idle is ${bench.scale.settle} s after a warm-up of ${bench.scale.seconds.closed} s in a closed loop of 32 connections; “after” is ${bench.scale.settle} s after the last response.`,
  );
  console.log(`Pinning: ${bench.pinning.description}. Database: ${bench.postgres.description}.`);
  console.log(
    `Latency is measured from the first attempt of a request. Raised limits: ${Object.keys(raisedLimits).join(', ')}.`,
  );
  await writeResults('storm', {
    ...describeRun(bench),
    connections,
    limits: raisedLimits,
    results,
  });
}

async function measureStorm(bench: Bench, databaseUrl: string, storm: Storm): Promise<StormResult> {
  const stop = showElapsed(storm.name);
  let server = await bench.serve(usherScript, databaseUrl);
  await warmUp(bench, server);
  await sleep(bench.scale.settle * 1000);
  const idle = await residentMegabytes(server.child.pid);
  const watch = watchMemory(() => server.child.pid);
  const measurement = bench.client.measure(stormJob(bench, server, storm.scenario));
  const restart =
    storm.killAfter === undefined
      ? undefined
      : restartLater(bench, { server, databaseUrl, after: storm.killAfter });
  const measured = await measurement;
  server = (await restart) ?? server;
  const peak = watch.stop();
  await sleep(bench.scale.settle * 1000);
  const settled = await residentMegabytes(server.child.pid);
  await server.child.end();
  stop();
  return {
    name: storm.name,
    authorizations: bench.scale.stormUsers * channelsOfUser,
    seconds: measured.elapsed / 1000,
    wrong: measured.wrong,
    p50: measured.p50,
    p99: measured.p99,
    reconnects: measured.reconnects,
    verified: measured.verified,
    memory: { idle, peak, settled },
  };
}

async function restartLater(
  bench: Bench,
  {
    server,
    databaseUrl,
    after,
  }: { readonly server: Server; readonly databaseUrl: string; readonly after: number },
): Promise<Server> {
  await sleep(after);
  await server.child.end('SIGKILL');
  return bench.serve(usherScript, databaseUrl, { PORT: String(server.port) });
}

const headings = [
  'storm',
  'authorizations',
  'failed',
  'duration, s',
  'per second',
  'p50, ms',
  'p99, ms',
  'reconnects',
  'RSS idle, MB',
  'peak',
  'growth',
  'after',
];

function cellsOf(storm: StormResult): readonly string[] {
  const { name, authorizations, wrong, seconds, p50, p99, reconnects, memory } = storm;
  return [
    name,
    String(authorizations),
    String(wrong),
    seconds.toFixed(1),
    (authorizations / seconds).toFixed(0),
    p50.toFixed(0),
    p99.toFixed(0),
    String(reconnects),
    memory.idle.toFixed(0),
    memory.peak.toFixed(0),
    (memory.peak - memory.idle).toFixed(0),
    memory.settled.toFixed(0),
  ];
}
