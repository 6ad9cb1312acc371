import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../test/support/free-port.ts';
import { usherScript, type Bench } from './bench.ts';
import { startChild } from './child.ts';
import { serverEnvironment } from './keys.ts';
import { residentMegabytes } from './memory.ts';
import { describeRun, keep } from './output.ts';
import { median } from './statistics.ts';
import { formatTable } from './table.ts';

const run = promisify(execFile);

/** What an installation is made of, before npm adds the packages. */
const shipped = ['dist', 'prisma', 'deploy/prune.mjs', 'package.json', 'package-lock.json'];

interface Start {
  readonly readyAfter: number;
  readonly residentMegabytes: number;
}

/** How long Usher takes to be ready, how much memory it takes to wait, and how much disk to be there. */
export async function runFootprint(bench: Bench): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-footprint-'));
  bench.cleanup.add(() => rm(directory, { recursive: true, force: true }));
  // We may run as root, and the embedded server then as another user, who must get in.
  await chmod(directory, 0o711);
  const embedded = await startOften(bench, { DATA_DIR: join(directory, 'data') });
  const outside = await startOften(bench, { DATABASE_URL: await bench.postgres.create('empty') });
  const megabytes = await installedMegabytes(join(directory, 'install'));
  const rows = [
    ...rowsOf('embedded PostgreSQL', embedded),
    ...rowsOf('DATABASE_URL', outside),
    ['production install, MB', megabytes.toFixed(0)],
  ];
  console.log(formatTable(['footprint', ''], rows));
  await keep('footprint', {
    ...describeRun(bench),
    embedded,
    outside,
    installMegabytes: megabytes,
  });
}

function rowsOf(where: string, [first, ...later]: readonly Start[]): string[][] {
  const times = later.map(({ readyAfter }) => readyAfter);
  const memory = later.map(({ residentMegabytes }) => residentMegabytes);
  return [
    [`${where}: first start to /readyz, ms`, (first?.readyAfter ?? NaN).toFixed(0)],
    [`${where}: later starts to /readyz, ms`, median(times).toFixed(0)],
    [`${where}: RSS idle (without PostgreSQL), MB`, median(memory).toFixed(0)],
  ];
}

/** The first start makes the database; the others find it. */
async function startOften(
  bench: Bench,
  where: Readonly<Record<string, string>>,
): Promise<readonly Start[]> {
  const starts: Start[] = [];
  for (let i = 0; i <= bench.scale.rounds; i += 1) starts.push(await startOnce(bench, where));
  return starts;
}

async function startOnce(bench: Bench, where: Readonly<Record<string, string>>): Promise<Start> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-start-'));
  const port = await freePort();
  const log = await open(join(directory, 'log'), 'a');
  const started = performance.now();
  const child = startChild(bench.cleanup, {
    script: usherScript,
    env: { ...serverEnvironment(bench.keys, undefined), ...where, OPS_PORT: String(port) },
    cwd: directory,
    output: log.fd,
  });
  while (!(await isReady(port))) await sleep(5);
  const readyAfter = performance.now() - started;
  await sleep(bench.scale.settle * 1000);
  const megabytes = await residentMegabytes(child.pid);
  await child.end();
  await log.close();
  await rm(directory, { recursive: true });
  return { readyAfter, residentMegabytes: megabytes };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}

/** Installs what production needs into an empty directory, and weighs it. */
async function installedMegabytes(directory: string): Promise<number> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  await mkdir(directory);
  for (const name of shipped) {
    await cp(join(root, name), join(directory, name), { recursive: true });
  }
  // Without scripts: ours would build, and those of the packages add no size.
  const npm = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', npm, { cwd: directory });
  await run(process.execPath, ['deploy/prune.mjs'], { cwd: directory });
  return (await bytesBelow(directory)) / 1e6;
}

async function bytesBelow(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(
    async ({ parentPath, name }) => (await lstat(join(parentPath, name))).size,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
