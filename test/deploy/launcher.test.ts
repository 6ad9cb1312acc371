import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const refuseNodeVersion = createRequire(import.meta.url)('../../bin/node-version.cjs') as (
  version: string,
) => string | undefined;

it.each(['10.24.1', '18.20.8', '19.9.0', '20.18.3'])('Node.js %s is refused', (version) => {
  expect(refuseNodeVersion(version)).toBe(
    `Usher needs Node.js 20.19 or later, and this is ${version}.`,
  );
});

it.each(['20.19.0', '20.20.2', '22.0.0', '26.10.0'])('Node.js %s runs Usher', (version) => {
  expect(refuseNodeVersion(version)).toBeUndefined();
});

it('reports in one message that Usher is not built, and ends with 1', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'usher-launcher-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const name of ['bin', 'package.json']) {
    await cp(join(root, name), join(directory, name), { recursive: true });
  }
  const ended = await new Promise((resolve) => {
    execFile(process.execPath, [join(directory, 'bin/usher.cjs'), 'serve'], (error, out, err) => {
      resolve([error?.code, out, err]);
    });
  });
  expect(ended).toStrictEqual([
    1,
    '',
    expect.stringMatching(/^Usher is not built\. .*npm ci.*\n$/),
  ]);
});
