import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { usherScript, type Bench } from '../bench.ts';
import type { Cleanup } from '../cleanup.ts';
import type * as database from '../database.ts';
import type * as facts from '../facts.ts';
import { projectRoot } from '../footprint.ts';
import { rotated } from '../schedule.ts';
import type { Pair } from './row.ts';

const run = promisify(execFile);

/** A build and its database, with the tables and rows of that build. */
export interface Build {
  readonly script: string;
  readonly databaseUrl: string;
}

/** Checks out a commit into a directory and runs `npm ci`, which also builds it. */
export async function buildCommit(
  cleanup: Cleanup,
  commit: string,
  directory: string,
): Promise<void> {
  const git = (...args: readonly string[]) => run('git', args, { cwd: projectRoot });
  await git('worktree', 'add', '--detach', directory, commit);
  cleanup.add(async () => {
    await git('worktree', 'remove', '--force', directory);
  });
  process.stderr.write(`building ${commit}\n`);
  await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: directory });
}

/** Creates the database of a build. The build creates its tables and its own `bench/facts.ts` fills them. */
export async function openBuild(bench: Bench, root: string): Promise<Build> {
  const databaseUrl = await bench.postgres.create('empty');
  const script = join(root, usherScript);
  const { child } = await bench.serve(script, databaseUrl);
  await child.end();
  // The tables of the two builds may differ. `withClient` and `fill` therefore must keep their names.
  const { withClient } = await importOf<typeof database>(root, 'bench/database.ts');
  const { fill } = await importOf<typeof facts>(root, 'bench/facts.ts');
  await withClient(databaseUrl, (client) => fill(client, bench.scale.rows));
  return { script, databaseUrl };
}

async function importOf<Module>(root: string, file: string): Promise<Module> {
  return (await import(pathToFileURL(join(root, file)).href)) as Module;
}

/** Measures both builds in each round, in alternating order. */
export async function alternate<T>(
  { scale }: Pick<Bench, 'scale'>,
  builds: Pair<Build>,
  measure: (build: Build) => Promise<T>,
): Promise<Pair<readonly T[]>> {
  const found: Pair<T[]> = { before: [], now: [] };
  for (let round = 0; round < scale.rounds; round += 1) {
    for (const side of rotated(['before', 'now'] as const, round)) {
      found[side].push(await measure(builds[side]));
    }
  }
  return found;
}
