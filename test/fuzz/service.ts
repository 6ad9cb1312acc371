import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fuzzed } from './world.ts';

/** An Usher in its own process, with its own database. */
export interface Service {
  readonly address: string;
  /** Problems outside responses: secrets in its log, internal errors, output on standard error, its end. */
  readonly faults: () => readonly string[];
  /** Ends it as an operator would. */
  readonly stop: () => Promise<void>;
}

const environment = {
  NODE_ENV: 'test',
  HOST: '127.0.0.1',
  PORT: '0',
  OPS_PORT: '0',
  LOG_LEVEL: 'debug',
  PUSHER_APP_ID: 'fuzz-app',
  PUSHER_KEY: fuzzed.app.key,
  PUSHER_SECRET: fuzzed.app.secret,
  GUEST_TOKEN_SECRET: fuzzed.guestSecret,
  USER_TOKEN_SECRET: fuzzed.userSecret,
  CHAT_SERVER_KEYS: `chat:${fuzzed.chatSecret}`,
  ALLOWED_ORIGINS: 'https://app.example',
  ...Object.fromEntries(
    ['CONNECTIONS', 'FAILURES', 'AUTHORIZATIONS', 'MESSAGES', 'SUBSCRIPTIONS'].map((what) => [
      `RATE_LIMIT_${what}`,
      '1000000',
    ]),
  ),
};

/** Starts it and reads its log continuously, which must contain none of `secrets`. */
export async function startService(secrets: readonly string[]): Promise<Service> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-fuzz-'));
  // As root, its database runs as another user, which needs access to its parent directory.
  await chmod(directory, 0o711);
  const typescript = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const script = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', typescript, script], {
    cwd: directory,
    env: { PATH: process.env['PATH'], DATA_DIR: join(directory, 'data'), ...environment },
  });
  const faults = new Set<string>();
  const fault = (text: string) => void faults.add(text);
  let stopping = false;
  const ended = once(child, 'close').then(([code]) => {
    if (!stopping || code !== 0) fault(`It ended with ${String(code)}`);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    fault(`On its standard error: ${chunk.toString()}`);
  });
  const listening = new Promise<string>((resolve, reject) => {
    watchLog(child.stdout, secrets, { fault, listening: resolve });
    void ended.then(() => {
      reject(new Error(`It did not start: ${[...faults].join('; ')}`));
    });
  });
  return {
    address: await listening,
    faults: () => [...faults],
    stop: async () => {
      stopping = true;
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Checks each line once and does not keep it: ten minutes of lines would fill the memory. */
function watchLog(
  log: NodeJS.ReadableStream,
  secrets: readonly string[],
  report: { readonly fault: (text: string) => void; readonly listening: (address: string) => void },
): void {
  let partialLine = '';
  log.on('data', (chunk: Buffer) => {
    const lines = (partialLine + chunk.toString('latin1')).split('\n');
    partialLine = lines.pop() ?? '';
    for (const line of lines) {
      if (secrets.some((secret) => line.includes(secret)))
        report.fault(`A secret in its log: ${line}`);
      if (line.includes('"msg":"bug"')) report.fault(`A bug in its log: ${line}`);
      const [, address] = /"public":"([^"]+)".*"msg":"listening"/.exec(line) ?? [];
      if (address !== undefined) report.listening(address);
    }
  });
}
