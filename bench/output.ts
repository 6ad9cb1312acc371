import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Bench } from './bench.ts';

/** A run that only shows that everything works must not take the place of real figures. */
const isSmoke = process.env['BENCH_SMOKE'] !== undefined;

const smokeDirectory = pathToFileURL(join(tmpdir(), 'usher-bench-smoke/')).href;
const results = isSmoke ? smokeDirectory : './results/';
const charts = isSmoke ? smokeDirectory : '../docs/charts/';

/** What figures mean nothing without: the machine, the versions, and how it was measured. */
export function describeRun({ pinning, postgres, scale }: Bench) {
  return {
    at: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? '?'}`,
    node: process.version,
    postgres: postgres.about,
    pinning: pinning.about,
    scale,
  };
}

/** Keeps the figures of a run as JSON. */
export async function keep(name: string, figures: object): Promise<void> {
  await write(`${results}${name}.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
}

/** Keeps a chart where the documentation shows it. */
export async function keepChart(name: string, svg: string): Promise<void> {
  await write(`${charts}${name}.svg`, svg);
}

async function write(path: string, text: string): Promise<void> {
  const file = new URL(path, import.meta.url);
  await mkdir(new URL('.', file), { recursive: true });
  await writeFile(file, text);
  console.log(`wrote ${fileURLToPath(file)}`);
}
