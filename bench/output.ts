import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Bench } from './bench.ts';
import { scaleName } from './scale.ts';

/** Only a full run may overwrite the committed results. */
const isFull = scaleName === 'full';

const otherDirectory = pathToFileURL(join(tmpdir(), `usher-bench-${scaleName}/`)).href;
const results = isFull ? './results/' : otherDirectory;
const charts = isFull ? '../docs/charts/' : otherDirectory;

/** Metadata of the results: machine, versions and method. */
export function describeRun({ pinning, postgres, scale }: Bench) {
  return {
    at: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? '?'}`,
    node: process.version,
    postgres: postgres.description,
    pinning: pinning.description,
    scale,
  };
}

/** Writes the results of a run as JSON. */
export async function writeResults(name: string, figures: object): Promise<void> {
  await write(`${results}${name}.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
}

/** Writes a chart to the directory from which the documentation includes it. */
export async function writeChart(name: string, svg: string): Promise<void> {
  await write(`${charts}${name}.svg`, svg);
}

async function write(path: string, text: string): Promise<void> {
  const file = new URL(path, import.meta.url);
  await mkdir(new URL('.', file), { recursive: true });
  await writeFile(file, text);
  console.log(`wrote ${fileURLToPath(file)}`);
}
