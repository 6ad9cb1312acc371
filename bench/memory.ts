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
