import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The resident memory of a process, in megabytes (10⁶ bytes); NaN when it is gone. */
export async function residentMegabytes(pid: number): Promise<number> {
  try {
    const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
    return (Number(stdout) * 1024) / 1e6;
  } catch {
    return NaN;
  }
}
