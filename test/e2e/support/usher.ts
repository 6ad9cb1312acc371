import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { type Child, startChild } from './child.ts';

const built = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

/** A running Usher. */
export interface Usher {
  /** The address of the public port, such as `http://127.0.0.1:41234`. */
  readonly publicUrl: string;
  /** The address of the operator's port. */
  readonly operatorUrl: string;
  readonly pid: number;
  /** Directory of the embedded database. */
  readonly dataDir: string;
  /** Everything written to the log so far. */
  readonly output: () => string;
  /** Ends Usher (`SIGTERM`), waits for it, and removes its temporary data directory. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

/**
 * Starts the built Usher, or the one of another script, with this environment over free loopback ports and a temporary data directory; resolves when it listens.
 * To start twice on the same data, give `DATA_DIR`: it is then left alone.
 * Throws when Usher was not built, ends early, or does not listen within 90 s, with its output.
 */
export async function startUsher(
  env: Readonly<Record<string, string>>,
  script = built,
): Promise<Usher> {
  if (!existsSync(script)) throw new Error('No dist/main.js: run npm run build first');
  const home = await mkdtemp(join(tmpdir(), 'usher-e2e-'));
  // As root, the embedded database runs as another user, which needs access to its parent directory.
  await chmod(home, 0o755);
  const dataDir = env['DATA_DIR'] ?? join(home, 'data');
  const child = startChild({
    node: process.execPath,
    args: [script],
    // Not the project's directory: a developer's `.env` must not decide what the tests see.
    cwd: home,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      HOST: '127.0.0.1',
      PORT: '0',
      OPS_PORT: '0',
      // No load balancer needs time to notice a shutdown, and tests keep connections open.
      SHUTDOWN_NOTICE: '1ms',
      ...env,
      DATA_DIR: dataDir,
    },
    // Gently, so that Usher ends the database it started.
    signalAfterRunner: 'SIGTERM',
  });
  const stop = async (signal?: NodeJS.Signals) => {
    await child.stop(signal);
    await rm(home, { recursive: true, force: true });
  };
  try {
    const addresses = await listening(child);
    return { ...addresses, pid: child.pid, dataDir, output: child.output, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts it as in production, with generated secrets, for pages of this origin. */
export function startForPages(
  origin: string,
  env: Readonly<Record<string, string>>,
): Promise<Usher> {
  const secret = () => randomBytes(32).toString('hex');
  return startUsher({
    NODE_ENV: 'production',
    PUSHER_APP_ID: 'app',
    PUSHER_KEY: 'key',
    PUSHER_SECRET: secret(),
    GUEST_TOKEN_SECRET: secret(),
    USER_TOKEN_SECRET: secret(),
    ALLOWED_ORIGINS: origin,
    ...env,
  });
}

async function listening(child: Child): Promise<Pick<Usher, 'publicUrl' | 'operatorUrl'>> {
  const deadline = Date.now() + 90_000;
  while (Date.now() < deadline) {
    const last = child.ended();
    const addresses = child.output().split('\n').map(addressesIn).find(Boolean);
    if (addresses !== undefined) return addresses;
    if (last) break;
    await sleep(25);
  }
  throw new Error(`Usher did not listen. Output:\n${child.output()}`);
}

/** The addresses in the log line that announces them. */
function addressesIn(line: string): Pick<Usher, 'publicUrl' | 'operatorUrl'> | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { msg, public: publicUrl, operator: operatorUrl } = entry as Record<string, unknown>;
  if (msg !== 'listening' || typeof publicUrl !== 'string' || typeof operatorUrl !== 'string') {
    return undefined;
  }
  return { publicUrl, operatorUrl };
}
