import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Resident memory of a process in megabytes (10⁶ bytes); NaN if the process does not exist. */
export async function residentMegabytes(pid: number): Promise<number> {
  try {
    const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
    return (Number(stdout) * 1024) / 1e6;
  } catch {
    return NaN;
  }
}

/** Samples resident memory every 100 ms. `stop` returns the maximum in megabytes. */
export function watchMemory(pid: () => number): { readonly stop: () => number } {
  let peak = 0;
  const timer = setInterval(() => {
    void residentMegabytes(pid()).then((now) => {
      if (now > peak) peak = now;
    });
  }, 100);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}

/** Processor time of a process in seconds; NaN without `/proc`. */
export async function processorSeconds(pid: number): Promise<number> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // proc(5): utime and stime are fields 14 and 15, in hundredths of a second. The name (field 2) may contain spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return NaN;
  }
}
