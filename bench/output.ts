import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Bench } from './bench.ts';
import { scaleName } from './scale.ts';

/** A run of another scale must not take the place of the figures of a full one. */
const isFull = scaleName === 'full';

const otherDirectory = pathToFileURL(join(tmpdir(), `usher-bench-${scaleName}/`)).href;
const results = isFull ? './results/' : otherDirectory;
const charts = isFull ? '../docs/charts/' : otherDirectory;

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
