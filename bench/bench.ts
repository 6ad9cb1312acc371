import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';
import { startClient, type Client } from './client.ts';
import { openPostgres, type Postgres } from './database.ts';
import { createKeys, serverEnvironment, type Keys } from './keys.ts';
import type { Pinning } from './pinning.ts';
import type { Scale } from './scale.ts';
import { startServer, type Server } from './server.ts';

/** The built entry point, as in production. */
export const usherScript = 'dist/main.js';

/** The shared resources of a benchmark run. */
export interface Bench {
  readonly cleanup: Cleanup;
  readonly scale: Scale;
  readonly keys: Keys;
  readonly pinning: Pinning;
  readonly postgres: Postgres;
  readonly client: Client;
  /** Starts a measured server, pinned to its core. `changes` overrides variables of the production environment. */
  readonly serve: (
    script: string,
    databaseUrl: string | undefined,
    changes?: Readonly<Record<string, string>>,
  ) => Promise<Server>;
  /** Starts a server that is not measured, on the cores of the client. */
  readonly serveAside: (script: string) => Promise<Server>;
  /** A temporary directory of the run. */
  readonly directory: string;
}

/** Creates the resources of a run; `cleanup` removes all of them. */
export async function openBench(cleanup: Cleanup, scale: Scale, pinning: Pinning): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-bench-'));
  cleanup.add(() => rm(directory, { recursive: true, force: true }));
  const keys = createKeys();
  const postgres = await openPostgres(cleanup);
  const client = startClient(cleanup, { prefix: pinning.client, directory });
  return {
    cleanup,
    scale,
    keys,
    pinning,
    postgres,
    client,
    directory,
    serveAside: (script) =>
      startServer(cleanup, {
        script,
        directory,
        prefix: pinning.client,
        env: serverEnvironment(keys, undefined),
      }),
    serve: (script, databaseUrl, changes = {}) =>
      startServer(cleanup, {
        script,
        prefix: pinning.server,
        env: { ...serverEnvironment(keys, databaseUrl), ...changes },
        directory,
      }),
  };
}
