import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, type Child } from './child.ts';
import type { Cleanup } from './cleanup.ts';

/** A listening server. */
export interface Server {
  readonly child: Child;
  readonly port: number;
}

export interface ServerOptions {
  readonly script: string;
  readonly prefix?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Directory of the log file. */
  readonly directory: string;
}

const timeoutMs = 60_000;

let started = 0;

/** Starts a server with its log in a file, and waits until it listens. Throws with the log if it does not. */
export async function startServer(cleanup: Cleanup, options: ServerOptions): Promise<Server> {
  const { directory, script, prefix = [], env } = options;
  const log = join(directory, `server-${(started += 1)}.log`);
  const file = await open(log, 'a');
  const child = startChild(cleanup, { script, prefix, env, cwd: directory, output: file.fd });
  await file.close();
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline && child.isRunning()) {
    // Usher logs its address in this form; the other contestants print the same (`announce.ts`).
    const [, port] = /"public":"http:\/\/[^"]+:(\d+)"/.exec(await readFile(log, 'utf8')) ?? [];
    if (port !== undefined) return { child, port: Number(port) };
    await sleep(10);
  }
  throw new Error(`${script} did not listen:\n${await readFile(log, 'utf8')}`);
}
