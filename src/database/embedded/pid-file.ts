import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { link, readFile, readlink, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from './cluster.ts';

/** The part of a socket's name that TCP has as its port; each socket is alone in its directory. */
export const socketPort = 5432;

/** Where a server's socket is, when it has one. */
export function socketPath(home: string): string {
  return join(home, `.s.PGSQL.${String(socketPort)}`);
}

/** Where a server listens: `host` is a directory (its socket), or an address. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** What a server wrote about itself: into `postmaster.pid`, and shorter into the lock file beside its socket. */
export interface PidFile {
  readonly pid: number;
  readonly address: ListenAddress;
  /** The server said that it takes connections. */
  readonly ready: boolean;
  readonly text: string;
}

/** Reads `postmaster.pid` (process, data directory, start, port, socket directory, address, shared memory, state); else `undefined`. */
export async function readPidFile(data: string): Promise<PidFile | undefined> {
  return readLockFile(join(data, 'postmaster.pid'));
}

async function readLockFile(path: string): Promise<PidFile | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const [pid = '', , , port, socketDirectory, boundAddress = '', , state] = text.split('\n');
  if (!/^[1-9][0-9]*$/.test(pid)) return undefined;
  const host =
    socketDirectory === undefined || socketDirectory === '' ? boundAddress : socketDirectory;
  const address = { host, port: Number(port) };
  return { pid: Number(pid), address, ready: state?.trim() === 'ready', text };
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

/**
 * Takes away the lock files of a dead server whose process id is somebody else's by now: PostgreSQL would take
 * that process for the server, and would not start for as long as it lives. Files that name no process it replaces itself.
 */
export async function removeStale({ data, home }: Cluster): Promise<void> {
  for (const path of [join(data, 'postmaster.pid'), `${socketPath(home)}.lock`]) {
    const file = await readLockFile(path);
    if (file === undefined || !isAlive(file.pid) || (await isServerOf(data, file.pid))) continue;
    // Moved aside first and compared: another start may have put its own, valid one in the place meanwhile.
    const aside = `${path}.stale-${randomBytes(6).toString('hex')}`;
    try {
      await rename(path, aside);
    } catch {
      continue;
    }
    if ((await readFile(aside, 'utf8')) !== file.text)
      await link(aside, path).catch(() => undefined);
    await rm(aside);
  }
}

/** Whether there is a process, or on Linux a thread, with this id. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
