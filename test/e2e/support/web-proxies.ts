import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.ts';
import { within } from './within.ts';

/** A program that listens on a loopback port. */
export interface Listening {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** The missing commands, with the Debian package of each. */
export function missingOf(commands: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(commands).flatMap(([name, [command = '', ...args]]) =>
    spawnSync(command, args).status === 0 ? [] : [name],
  );
}

const respondsTo = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => {
      resolve(false);
    });
  });

/** Starts a program in its own directory; throws, with its output, unless it listens within 60 s. */
export async function startListening(program: {
  /** The text of its configuration file. */
  readonly configuration?: (port: number, directory: string) => string;
  readonly command: (port: number, file: string) => readonly string[];
  readonly cwd?: string;
}): Promise<Listening> {
  const [port, directory] = [await freePort(), await mkdtemp(join(tmpdir(), 'usher-e2e-'))];
  const file = join(directory, 'proxy.conf');
  await writeFile(file, program.configuration?.(port, directory) ?? '');
  const [command = '', ...args] = program.command(port, file);
  const child = spawn(command, args, { cwd: program.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  }
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill();
    await exited;
    await rm(directory, { recursive: true });
  };
  const listens = async () => {
    while (!(await respondsTo(port))) {
      if (child.exitCode !== null) throw new Error(`${command} ended: ${output.join('')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  try {
    await within(60_000, listens(), () => `${command} does not listen: ${output.join('')}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, stop };
}
