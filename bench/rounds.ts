import type { Bench } from './bench.ts';
import { sessionsOf } from './database.ts';
import type { Job, Measured, Pace } from './load/job.ts';
import { channelsOf, type Scenario } from './load/scenarios.ts';
import { residentMegabytes } from './memory.ts';
import { rotated } from './schedule.ts';
import type { Server } from './server.ts';
import { median } from './statistics.ts';

/** A server and the scenario that is measured on it. */
export interface Contestant {
  readonly name: string;
  readonly server: Server;
  /** The database of the server, if any. Its sessions are pinned to the cores of the client. */
  readonly databaseUrl: string | undefined;
  /** An additional database of the application. */
  readonly applicationUrl?: string | undefined;
  readonly scenario: Scenario;
  /** Overrides the default number of connections. */
  readonly connections?: number;
}

/** Results of one contestant, one value per round. */
export interface Result {
  readonly name: string;
  /** Authorizations per second in a closed loop. */
  readonly rates: readonly number[];
  /** Milliseconds in an open loop at 70 % of the rate of the same round. */
  readonly p50s: readonly number[];
  readonly p99s: readonly number[];
  readonly residentMegabytes: number;
  /** Maximum share of a core (0 to 1) that the client used. Near 1, the client limits the result. */
  readonly clientBusy: number;
}

/** Default number of connections: enough that a server has other requests to process while some wait for the disk. */
export const connections = 128;

/** Share of the throughput of a contestant at which its latency is measured. */
export const openShare = 0.7;

/** Fresh HS256 tokens created per second of a measurement: more than any contestant processes. */
const freshPerSecond = 15_000;

/** The same for tokens of issuers: an asymmetric signature takes up to a millisecond. */
const signedPerSecond = 6_000;

/** The body of every 200th response is verified. */
const verifyEvery = 200;

interface Round {
  readonly rate: number;
  readonly open: Measured;
  readonly clientBusy: number;
}

/** Measures all contestants in alternating rounds. Throws if a response is wrong. */
export async function runRounds(
  bench: Bench,
  contestants: readonly Contestant[],
): Promise<readonly Result[]> {
  const found = new Map<string, Round[]>(contestants.map(({ name }) => [name, []]));
  // Warm-up: code is compiled and caches are filled.
  for (const contestant of contestants)
    await measureThroughput(bench, contestant, bench.scale.seconds.closed * 2);
  for (let round = 0; round < bench.scale.rounds; round += 1) {
    process.stderr.write(`round ${round + 1} of ${bench.scale.rounds}\n`);
    const measured = await measureRound(bench, rotated(contestants, round));
    for (const [{ name }, each] of measured) found.get(name)?.push(each);
  }
  return Promise.all(contestants.map((each) => resultOf(each, found.get(each.name) ?? [])));
}

/** Alternating parts of a throughput measurement, so that a slow second of the machine affects all contestants. */
const slices = 4;

async function measureRound(
  bench: Bench,
  contestants: readonly Contestant[],
): Promise<ReadonlyMap<Contestant, Round>> {
  const { seconds } = bench.scale;
  for (const contestant of contestants) {
    await measureThroughput(bench, contestant, seconds.warmUp);
    // In every round: pools close idle sessions while other contestants are measured, and the warm-up opens new ones.
    for (const url of [contestant.databaseUrl, contestant.applicationUrl]) {
      if (url !== undefined) await bench.pinning.moveAside(await sessionsOf(url));
    }
  }
  const closed = new Map<Contestant, Measured[]>(contestants.map((each) => [each, []]));
  for (let slice = 0; slice < slices; slice += 1) {
    for (const [contestant, measured] of closed) {
      measured.push(await measureThroughput(bench, contestant, seconds.closed / slices));
    }
  }
  // After all closed loops: an open loop may leave a backlog on the server.
  const rounds = new Map<Contestant, Round>();
  for (const [contestant, measured] of closed) {
    const requestRate = (1000 * sumOf(measured, 'responses')) / sumOf(measured, 'elapsed');
    const rate = requestRate * openShare;
    const open = await bench.client.measure(
      jobOf(bench, contestant, { kind: 'open', seconds: seconds.open, rate }),
    );
    rounds.set(contestant, {
      rate: requestRate * channelsOf[contestant.scenario.name],
      open,
      clientBusy: Math.max(...measured.map(({ clientBusy }) => clientBusy)),
    });
  }
  return rounds;
}

function sumOf(measured: readonly Measured[], field: 'responses' | 'elapsed'): number {
  return measured.reduce((sum, each) => sum + each[field], 0);
}

function measureThroughput(
  bench: Bench,
  contestant: Contestant,
  seconds: number,
): Promise<Measured> {
  const perSecond = contestant.scenario.issuer === undefined ? freshPerSecond : signedPerSecond;
  const maxRequests = Math.ceil(seconds * perSecond);
  return bench.client.measure(jobOf(bench, contestant, { kind: 'closed', seconds, maxRequests }));
}

function jobOf({ keys }: Bench, contestant: Contestant, pace: Pace): Job {
  const { server, scenario, connections: count = connections } = contestant;
  return { port: server.port, scenario, keys, connections: count, pace, verifyEvery };
}

async function resultOf({ name, server }: Contestant, rounds: readonly Round[]): Promise<Result> {
  return {
    name,
    rates: rounds.map(({ rate }) => rate),
    p50s: rounds.map(({ open }) => open.p50),
    p99s: rounds.map(({ open }) => open.p99),
    residentMegabytes: await residentMegabytes(server.child.pid),
    clientBusy: Math.max(...rounds.map(({ clientBusy }) => clientBusy)),
  };
}

/** Medians of all rounds. */
export function mediansOf({ rates, p50s, p99s }: Result) {
  return { rate: median(rates), p50: median(p50s), p99: median(p99s) };
}
