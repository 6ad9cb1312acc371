import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));

const page = `
import { usherAuth, type UsherAuthError } from 'usher-client';
export const usher = usherAuth({
  headers: { Authorization: 'Bearer x' },
  refresh: () => Promise.resolve(false),
  onSignedOut: ({ status }: UsherAuthError) => status satisfies number,
});
`;

describe('the packed client package', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-client-'));
    const client = join(project, 'clients/js');
    const packed = await run('npm', ['pack', '--pack-destination', directory], { cwd: client });
    const installed = join(directory, 'node_modules/usher-client');
    await mkdir(installed, { recursive: true });
    const tarball = join(directory, packed.stdout.trim().split('\n').at(-1) ?? '');
    await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed]);
  }, 120_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  const node = async (...args: readonly string[]) =>
    (await run(process.execPath, args, { cwd: directory })).stdout.trim();

  it.each([
    ['imported', ['--input-type=module', '-e', `console.log(await import('usher-client'))`]],
    // Like Jest, and Node.js before 20.19.
    [
      'required without ES modules',
      ['--no-experimental-require-module', '-e', `console.log(require('usher-client'))`],
    ],
    ['loaded as a script', ['-e', `require('usher-client/script'); console.log({ usherAuth })`]],
  ])('can be %s', async (_how, args) => {
    expect(await node(...args)).toMatch(/usherAuth: \[(Getter|Function)/);
  });

  it.each([
    ['Node16', ['page.mts', 'page.cts']],
    ['Preserve', ['page.ts']],
  ])('has types for each module resolution of TypeScript: %s', async (module, files) => {
    for (const file of files) await writeFile(join(directory, file), page);
    const lib = ['ES2022', 'DOM'];
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module,
      target: 'ES2022',
      lib,
      types: [],
    };
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const tsc = node(join(project, 'node_modules/typescript/bin/tsc'), '-p', directory);
    expect(await tsc.catch((error: unknown) => (error as { stdout: string }).stdout)).toBe('');
  });
});
