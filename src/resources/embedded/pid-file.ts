import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { link, readFile, readlink, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Where a server listens: `host` is a directory (its socket), or an address. */
export interface Door {
  readonly host: string;
  readonly port: number;
}

/** What a server wrote about itself into `postmaster.pid`. */
export interface PidFile {
  readonly pid: number;
  readonly door: Door;
  /** The server said that it takes connections. */
  readonly ready: boolean;
  readonly text: string;
}

/** Reads `postmaster.pid`: pid, data directory, start, port, socket directory, address, shared memory, state; else `undefined`. */
export async function readPidFile(data: string): Promise<PidFile | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid = '', , , port, socketDirectory, address = '', , state] = text.split('\n');
  if (!/^[1-9][0-9]*$/.test(pid)) return undefined;
  const host = socketDirectory === undefined || socketDirectory === '' ? address : socketDirectory;
  return {
    pid: Number(pid),
    door: { host, port: Number(port) },
    ready: state?.trim() === 'ready',
    text,
  };
}

/**
 * True when this process is the server of this data directory. That the pid is alive says little: after a reboot or in a
 * new container it may be anybody's, even one of our own threads'.
 */
export async function isServerOf(data: string, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  try {
    if (process.platform === 'linux') {
      // A server's working directory is its data directory.
      return (await readlink(`/proc/${String(pid)}/cwd`)) === (await realpath(data));
    }
    if (process.platform === 'win32') return true;
    const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.includes(data);
  } catch {
    return false;
  }
}

/** Whether there is a process, or on Linux a thread, with this id. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Takes away a pid file that names a process which is no server; PostgreSQL would take it for a running one for ever.
 * Moved aside first and compared, because another start may have put its own, valid one in the place meanwhile.
 */
export async function removeStale(data: string, stale: PidFile): Promise<void> {
  const path = join(data, 'postmaster.pid');
  const aside = `${path}.stale-${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8')) !== stale.text)
    await link(aside, path).catch(() => undefined);
  await rm(aside);
}
