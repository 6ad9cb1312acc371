import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { link, readFile, readlink, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from './cluster.ts';

/** The port in the name of the socket. Any number works, because each socket has its own directory. */
export const socketPort = 5432;

/** The path of a server's socket, if it has one. */
export function socketPath(home: string): string {
  return join(home, `.s.PGSQL.${String(socketPort)}`);
}

/** The address of a server: `host` is an IP address, or the directory of its socket. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The parsed lock file of a server: `postmaster.pid`, or the shorter lock file next to its socket. */
export interface PidFile {
  readonly pid: number;
  readonly address: ListenAddress;
  /** True if the server accepts connections. */
  readonly ready: boolean;
  readonly text: string;
}

/**
 * Parses `postmaster.pid` (process, data directory, start, port, socket directory, address, shared memory, state).
 * Returns `undefined` if there is no valid file.
 */
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
 * Returns true if this process is the server of this data directory. A live pid is not enough: after a reboot or in a
 * new container it may belong to any process, even to a thread of Usher.
 */
export async function isServerOf(data: string, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  try {
    if (process.platform === 'linux') {
      // The working directory of a server is its data directory.
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
 * Removes lock files of a dead server whose pid another process has now: PostgreSQL would mistake that process for the
 * server and refuse to start while it lives. PostgreSQL itself replaces files whose pid is free.
 */
export async function removeStale({ data, home }: Cluster): Promise<void> {
  for (const path of [join(data, 'postmaster.pid'), `${socketPath(home)}.lock`]) {
    const file = await readLockFile(path);
    if (file === undefined || !isAlive(file.pid) || (await isServerOf(data, file.pid))) continue;
    // Renames the file first and then compares it: a concurrent start may have written a valid file in the meantime.
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

/** Returns true if a process, or on Linux a thread, has this id. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
