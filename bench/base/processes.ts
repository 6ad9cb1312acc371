import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { measureInstallation, startOnce, type Installation } from '../footprint.ts';
import { stormJob, warmUp, type StormScenario } from '../storm-load.ts';
import { alternate, type Build } from './builds.ts';
import { rowOf, type Pair, type Row } from './row.ts';

/** The time until all users of a storm have their answers, each storm with a process of its own. */
export async function measureStorms(bench: Bench, builds: Pair<Build>): Promise<readonly Row[]> {
  const storm = async (what: string, name: StormScenario) =>
    rowOf(what, await alternate(bench, builds, (build) => drain(bench, build, name)), Number);
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

/** Memory while idle, and the processor time of a start. */
export async function measureStarts(bench: Bench, builds: Pair<Build>): Promise<readonly Row[]> {
  const starts = await alternate(bench, builds, ({ script, databaseUrl }) =>
    startOnce(bench, { DATABASE_URL: databaseUrl }, script),
  );
  return [
    rowOf('RSS idle, MB', starts, (start) => start.residentMegabytes),
    rowOf('processor time until ready, s', starts, (start) => start.processorSeconds),
  ];
}

/** The sizes of the installations for production of two checkouts, which are the same in every round. */
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
