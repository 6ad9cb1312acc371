import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { Redis as Client } from 'ioredis';

import { freePort } from '../../e2e/support/soketi.ts';

/** A Redis server that a test may hurt. */
export interface Redis {
  readonly url: string;
  /** Starts it again, empty, after `stop`. */
  readonly start: () => Promise<void>;
  /** It ends at once, with everything it held. */
  readonly stop: () => Promise<void>;
  /** It stands still, connections stay open; gives what lets it go on. */
  readonly freeze: () => () => void;
  /** Every connection of a client is cut. */
  readonly cutConnections: () => Promise<void>;
}

/** Whether a Redis server can be started here. */
export const hasRedis = ((): boolean => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Starts one of its own on a free loopback port; it keeps nothing on disk. */
export async function startRedis(): Promise<Redis> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let process = launch(port);
  await answers(url);
  return {
    url,
    start: async () => {
      process = launch(port);
      await answers(url);
    },
    stop: async () => {
      const ended = once(process, 'exit');
      process.kill('SIGKILL');
      await ended;
    },
    freeze: () => {
      const frozen = process;
      frozen.kill('SIGSTOP');
      return () => {
        frozen.kill('SIGCONT');
      };
    },
    cutConnections: async () => {
      const admin = new Client(url);
      await admin.call('CLIENT', 'KILL', 'SKIPME', 'yes');
      await admin.quit();
    },
  };
}

function launch(port: number) {
  const options = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  return spawn('redis-server', ['--port', String(port), ...options], { stdio: 'ignore' });
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const client = new Client(url, { lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.ping();
      return;
    } catch {
      await sleep(25);
    } finally {
      client.disconnect();
    }
  }
  throw new Error(`No Redis came up at ${url}`);
}
