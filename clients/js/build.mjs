// Builds the package with the tools of the project: run `npm ci` in its root first.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = `${here}dist`;
await rm(dist, { recursive: true, force: true });
await mkdir(dist);
await writeFile(`${dist}/usher-client.js`, await bundle('index.ts', 'esm'));
await writeFile(`${dist}/usher-client.script.js`, await bundle('script.ts', 'iife'));
execFileSync(
  process.execPath,
  [createRequire(import.meta.url).resolve('typescript/bin/tsc'), '-p', here],
  {
    stdio: 'inherit',
  },
);
