import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCommit, openBuild } from './base/builds.ts';
import { measureSizes, measureStarts, measureStorms } from './base/processes.ts';
import { measureRates } from './base/rates.ts';
import { summaryOf, type Row } from './base/row.ts';
import type { Bench } from './bench.ts';
import { barChart } from './chart.ts';
import { projectRoot } from './footprint.ts';
import { describeRun, writeResults, writeChart } from './output.ts';
import { formatTable } from './table.ts';

/** Builds a commit, measures it and the current build in alternating rounds, and prints the ratios of the medians. */
export async function runBase(bench: Bench, [commit]: readonly string[]): Promise<void> {
  if (commit === undefined)
    throw new Error('The commit is missing. Usage: npm run bench -- base <commit>');
  const directory = await mkdtemp(join(tmpdir(), 'usher-base-'));
  bench.cleanup.add(() => rm(directory, { recursive: true, force: true }));
  const checkout = join(directory, 'checkout');
  await buildCommit(bench.cleanup, commit, checkout);
  const sizes = await measureSizes({ before: checkout, now: projectRoot }, directory);
  const builds = {
    before: await openBuild(bench, checkout),
    now: await openBuild(bench, projectRoot),
  };
  const rows = [
    ...(await measureRates(bench, builds)),
    ...(await measureStorms(bench, builds)),
    ...(await measureStarts(bench, builds)),
    ...sizes,
  ];
  console.log(formatTable([`now / ${commit}`, commit, 'now', 'ratio'], rows.map(cellsOf)));
  console.log(
    `Medians of ${bench.scale.rounds} alternating rounds; ratios of medians, with the minimum and maximum of all rounds. Pinning: ${bench.pinning.description}. Database: ${bench.postgres.description}.`,
  );
  await writeResults('base', { ...describeRun(bench), commit, rows });
  await writeChart('base', barChart(`The current build, as a multiple of ${commit}`, barsOf(rows)));
}

function cellsOf(row: Row): readonly string[] {
  const { before, now, ratio, min, max } = summaryOf(row);
  const range = `(${min.toFixed(2)}–${max.toFixed(2)})`;
  return [row.metric, before.toFixed(2), now.toFixed(2), `${ratio.toFixed(2)} ${range}`];
}

function barsOf(rows: readonly Row[]) {
  return rows.map((row) => {
    const { ratio, min, max } = summaryOf(row);
    return { name: row.metric, value: ratio, min, max, isOurs: true };
  });
}
