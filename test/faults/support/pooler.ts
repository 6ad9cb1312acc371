import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Account } from '../../../src/database/embedded/account.ts';
import { query } from './postgres.ts';

/** A connection pooler in front of a PostgreSQL server. */
export interface Pooler {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

interface PoolerProgram {
  readonly command: readonly [string, ...string[]];
  readonly account: Account | undefined;
  readonly directory: string;
  /** The signal that ends all of its processes. */
  readonly stopSignal: NodeJS.Signals;
}

/** Starts a pooler that listens at this URL, and waits until it runs queries. Throws if it ends before. */
export async function startPooler(
  url: string,
  { command: [program, ...args], account, directory, stopSignal }: PoolerProgram,
): Promise<Pooler> {
  const child = spawn(program, args, { ...account, cwd: directory, stdio: 'ignore' });
  const ended = once(child, 'exit');
  while (child.exitCode === null) {
    if (await query(url, 'SELECT 1').catch(() => undefined)) break;
    await sleep(50);
  }
  if (child.exitCode !== null) throw new Error(`${program} did not start`);
  return {
    url,
    stop: async () => {
      child.kill(stopSignal);
      await ended;
    },
  };
}
