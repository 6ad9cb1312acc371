import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
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

/** Looks at a server's memory ten times a second; `stop` returns the most, in megabytes. */
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

/** Processor time that a process has used, in seconds; NaN where there is no `/proc`. */
export async function processorSeconds(pid: number): Promise<number> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // proc(5): behind the name in brackets, utime and stime are fields 14 and 15, in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return NaN;
  }
}
