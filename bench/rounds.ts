import type { Bench } from './bench.ts';
import { sessionsOf } from './database.ts';
import type { Job, Measured, Pace } from './load/job.ts';
import { channelsOf, type Scenario } from './load/scenarios.ts';
import { residentMegabytes } from './memory.ts';
import { rotated } from './schedule.ts';
import type { Server } from './server.ts';
import { median } from './statistics.ts';

/** Who is measured, and on what. */
export interface Contestant {
  readonly name: string;
  readonly server: Server;
  /** The database that it asks, if any. */
  readonly databaseUrl: string | undefined;
  /** A database of the application that it asks as well. */
  readonly applicationUrl?: string | undefined;
  readonly scenario: Scenario;
  /** How many connections ask it, if not as many as usual. */
  readonly connections?: number;
}

/** What one contestant did in all rounds, a value for each. */
export interface Result {
  readonly name: string;
  /** Authorizations a second, in a closed loop. */
  readonly rates: readonly number[];
  /** Milliseconds, at 70 % of the rate of the same round. */
  readonly p50s: readonly number[];
  readonly p99s: readonly number[];
  readonly residentMegabytes: number;
  /** The largest share of its core that the client was busy: near 1, it was the client that was measured. */
  readonly clientBusy: number;
}

/** Connections of every measurement: enough that who waits for a disk has something else to do meanwhile. */
export const connections = 128;

/** Share of its own throughput at which a contestant's latency is measured. */
export const openShare = 0.7;

/** Fresh tokens that are made for a measurement, a second of it: more than anybody takes. */
const freshPerSecond = 15_000;

/** The same for tokens with a signature, which takes up to a millisecond to make. */
const signedPerSecond = 6_000;

/** Every so many-th body is checked. */
const verifyEvery = 200;

interface Round {
  readonly rate: number;
  readonly open: Measured;
  readonly clientBusy: number;
}

/** Measures all contestants side by side, in alternating rounds. Throws at the first wrong answer. */
export async function runRounds(
  bench: Bench,
  contestants: readonly Contestant[],
): Promise<readonly Result[]> {
  const found = new Map<string, Round[]>(contestants.map(({ name }) => [name, []]));
  // Compilers and caches have their first look at everybody before anything counts.
  for (const contestant of contestants)
    await askFor(bench, contestant, bench.scale.seconds.closed * 2);
  for (let round = 0; round < bench.scale.rounds; round += 1) {
    process.stderr.write(`round ${round + 1} of ${bench.scale.rounds}\n`);
    const measured = await measureRound(bench, rotated(contestants, round));
    for (const [{ name }, each] of measured) found.get(name)?.push(each);
  }
  return Promise.all(contestants.map((each) => resultOf(each, found.get(each.name) ?? [])));
}

/** Into how many parts a measurement of the throughput is cut, which alternate: a slow second of the machine concerns all contestants. */
const slices = 4;

async function measureRound(
  bench: Bench,
  contestants: readonly Contestant[],
): Promise<ReadonlyMap<Contestant, Round>> {
  const { seconds } = bench.scale;
  for (const contestant of contestants) {
    await askFor(bench, contestant, seconds.warmUp);
    // After the warm-up, which opened them; the pool closes its sessions while others are measured.
    for (const url of [contestant.databaseUrl, contestant.applicationUrl]) {
      if (url !== undefined) await bench.pinning.moveAside(await sessionsOf(url));
    }
  }
  const closed = new Map<Contestant, Measured[]>(contestants.map((each) => [each, []]));
  for (let slice = 0; slice < slices; slice += 1) {
    for (const [contestant, measured] of closed) {
      measured.push(await askFor(bench, contestant, seconds.closed / slices));
    }
  }
  // Afterwards: a server that is asked at a fixed rate may have a backlog at the end.
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

function askFor(bench: Bench, contestant: Contestant, seconds: number): Promise<Measured> {
  const perSecond = contestant.scenario.issuer === undefined ? freshPerSecond : signedPerSecond;
  const most = Math.ceil(seconds * perSecond);
  return bench.client.measure(jobOf(bench, contestant, { kind: 'closed', seconds, most }));
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

/** The medians of a result, for a table. */
export function mediansOf({ rates, p50s, p99s }: Result) {
  return { rate: median(rates), p50: median(p50s), p99: median(p99s) };
}
