import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { measureInstallation, startOnce, type Installation } from '../footprint.ts';
import { stormJob, warmUp, type StormScenario } from '../storm-load.ts';
import { alternate, type Build } from './builds.ts';
import { rowOf, type Pair, type Row } from './row.ts';

/** Measures the duration of both storms in seconds. Each storm starts a new server. */
export async function measureStorms(bench: Bench, builds: Pair<Build>): Promise<readonly Row[]> {
  const storm = async (metric: string, name: StormScenario) =>
    rowOf(metric, await alternate(bench, builds, (build) => drain(bench, build, name)), Number);
  return [
    await storm('storm one by one, s', 'five-channels'),
    await storm('storm in batches of 5, s', 'five-channels-batch'),
  ];
}

async function drain(bench: Bench, build: Build, name: StormScenario): Promise<number> {
  const server = await bench.serve(build.script, build.databaseUrl);
  await warmUp(bench, server);
  const { elapsed } = await bench.client.measure(stormJob(bench, server, name));
  await server.child.end();
  return elapsed / 1000;
}

/** Measures idle memory and the processor time of a start. */
export async function measureStarts(bench: Bench, builds: Pair<Build>): Promise<readonly Row[]> {
  const starts = await alternate(bench, builds, ({ script, databaseUrl }) =>
    startOnce(bench, { DATABASE_URL: databaseUrl }, script),
  );
  return [
    rowOf('RSS idle, MB', starts, (start) => start.residentMegabytes),
    rowOf('processor time until ready, s', starts, (start) => start.processorSeconds),
  ];
}

/** Measures the production installations of two checkouts once, because their sizes do not vary. */
export async function measureSizes(
  { before, now }: Pair<string>,
  directory: string,
): Promise<readonly Row[]> {
  const sizes: Pair<readonly Installation[]> = {
    before: [await measureInstallation(before, join(directory, 'before'))],
    now: [await measureInstallation(now, join(directory, 'now'))],
  };
  return [
    rowOf('production install, MB', sizes, (size) => size.megabytes),
    rowOf('without embedded PostgreSQL, MB', sizes, (size) => size.withoutPostgresMegabytes),
  ];
}
