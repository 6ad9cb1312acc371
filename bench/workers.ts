import { usherScript, type Bench } from './bench.ts';
import { withClient } from './database.ts';
import { fill } from './facts.ts';
import type { ScenarioName } from './load/scenarios.ts';
import { describeRun, writeResults } from './output.ts';
import { mediansOf, runRounds, type Contestant } from './rounds.ts';
import { compare } from './statistics.ts';
import { formatTable } from './table.ts';

const workers = ['1', '2'] as const;

/** Scenarios by the label of their row. */
const loads: Readonly<Record<string, { name: ScenarioName; tokens: number | 'fresh' }>> = {
  'guest, warm tokens': { name: 'guest', tokens: 300 },
  'guest, fresh tokens': { name: 'guest', tokens: 'fresh' },
  'batch of 20 channels': { name: 'seller-batch', tokens: 300 },
};

/** Compares two worker processes with one. Runs without pinning: client, PostgreSQL and both servers share all cores. */
export async function runWorkers(bench: Bench): Promise<void> {
  const contestants: Contestant[] = [];
  for (const count of workers) {
    const databaseUrl = await bench.postgres.create();
    await withClient(databaseUrl, (client) => fill(client, bench.scale.rows));
    const server = await bench.serve(usherScript, databaseUrl, { WORKERS: count });
    for (const [name, load] of Object.entries(loads)) {
      const scenario = { ...load, rows: bench.scale.rows };
      contestants.push({ name: nameOf(name, count), server, databaseUrl, scenario });
    }
  }
  const results = await runRounds(bench, contestants);
  const rows = Object.keys(loads).map((name) => {
    const [one, two] = workers.map((count) =>
      results.find((result) => result.name === nameOf(name, count)),
    );
    if (one === undefined || two === undefined) throw new Error(`No result of ${name}`);
    return {
      name,
      one: mediansOf(one).rate,
      two: mediansOf(two).rate,
      ratio: compare(two.rates, one.rates),
    };
  });
  const cells = rows.map(({ name, one, two, ratio: { ratio, min, max } }) => [
    ...[name, one.toFixed(0), two.toFixed(0)],
    `${ratio.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`,
  ]);
  console.log(formatTable(['channels per second', 'one worker', 'two workers', 'ratio'], cells));
  console.log(
    `Medians of ${bench.scale.rounds} alternating rounds. Pinning: ${bench.pinning.description}.`,
  );
  await writeResults('workers', { ...describeRun(bench), results: rows });
}

const nameOf = (load: string, count: string): string => `${load}, ${count}`;
