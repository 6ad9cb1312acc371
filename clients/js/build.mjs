// Builds the package with the tools of the project: run `npm ci` in its root first.
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = `${here}dist`;
await rm(dist, { recursive: true, force: true });
await mkdir(`${dist}/cjs`, { recursive: true });
await writeFile(`${dist}/usher-client.js`, await bundle('index.ts', 'esm'));
await writeFile(`${dist}/cjs/usher-client.js`, await bundle('index.ts', 'cjs'));
await writeFile(`${dist}/usher-client.script.js`, await bundle('script.ts', 'iife'));
execFileSync(
  process.execPath,
  [createRequire(import.meta.url).resolve('typescript/bin/tsc'), '-p', here],
  {
    stdio: 'inherit',
  },
);

// Jest, and TypeScript with `"module": "node16"`, cannot require an ES module. The type of a file, also of a declaration, is that of
// the nearest package.json.
await writeFile(`${dist}/cjs/package.json`, '{ "type": "commonjs" }\n');
for (const file of await readdir(dist)) {
  if (file.endsWith('.d.ts')) await copyFile(`${dist}/${file}`, `${dist}/cjs/${file}`);
}
