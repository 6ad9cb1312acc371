import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** `npm start` with a new `DATA_DIR` in a directory that is private, as `mktemp -d` makes it. */
async function npmStart() {
  const home = await mkdtemp(join(tmpdir(), 'usher-npm-start-'));
  const child = spawn('npm', ['start'], {
    cwd: project,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      DATA_DIR: join(home, 'data'),
      PORT: '0',
      OPS_PORT: '0',
      SHUTDOWN_NOTICE: '1ms',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(child, 'exit');
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await vi.waitUntil(() => output.includes('"listening"'), { timeout: 90_000 });
  const pid = child.pid!;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const database = join(home, 'data', 'postgres');
  const elsewhere = await readlink(database).catch(() => undefined);
  const server = await readFile(join(database, 'data', 'postmaster.pid'), 'utf8');
  const below = [...children.trim().split(' '), server.split('\n')[0]!].map(Number);
  onTestFinished(async () => {
    for (const each of [pid, ...below])
      if (existsSync(`/proc/${each}`)) process.kill(each, 'SIGKILL');
    await rm(home, { recursive: true, force: true });
    // As root, the database must be in a directory that the server's account can read.
    if (elsewhere !== undefined) await rm(join(elsewhere, '..'), { recursive: true, force: true });
  });
  return { pid, below, ended, output: () => output };
}

const alive = (pids: readonly number[]) => pids.filter((pid) => existsSync(`/proc/${pid}`));

if (process.platform !== 'linux') console.log('Skipped: the end of npm start, which reads /proc.');

it.skipIf(process.platform !== 'linux').each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const)(
  'npm start leaves no process and no file after %s',
  { timeout: 180_000 },
  async (signal) => {
    const { pid, below, ended, output } = await npmStart();
    expect(alive(below)).toHaveLength(2);
    process.kill(pid, signal);
    await ended;
    await vi.waitUntil(() => alive(below).length === 0, { timeout: 60_000 });
    expect(output()).toContain('"closed"');
  },
);
