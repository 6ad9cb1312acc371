import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, type Child } from './child.ts';
import type { Cleanup } from './cleanup.ts';

/** A contestant's server, listening. */
export interface Server {
  readonly child: Child;
  readonly port: number;
}

/** What a server is started with. */
export interface ServerOptions {
  readonly script: string;
  readonly prefix?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where its log is kept. */
  readonly directory: string;
}

/** Milliseconds that a server may take to listen. */
const timeoutMs = 60_000;

let started = 0;

/** Starts a server, its log in a file as in production. Throws with that log when it does not come to listen. */
export async function startServer(cleanup: Cleanup, options: ServerOptions): Promise<Server> {
  const { directory, script, prefix = [], env } = options;
  const log = join(directory, `server-${(started += 1)}.log`);
  const file = await open(log, 'a');
  const child = startChild(cleanup, { script, prefix, env, cwd: directory, output: file.fd });
  await file.close();
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline && child.isRunning()) {
    // The line in which Usher says where it listens; the others say it likewise.
    const [, port] = /"public":"http:\/\/[^"]+:(\d+)"/.exec(await readFile(log, 'utf8')) ?? [];
    if (port !== undefined) return { child, port: Number(port) };
    await sleep(10);
  }
  throw new Error(`${script} did not listen:\n${await readFile(log, 'utf8')}`);
}
