import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Secret } from '../../runtime/secret.ts';
import { StartRefused } from '../../runtime/start-refused.ts';
import { openCluster } from './cluster.ts';
import type { EmbeddedOptions, EmbeddedPostgres } from './embedded-postgres.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { urlOf } from './listen-address.ts';
import { isServerOf, readPidFile } from './pid-file.ts';

/**
 * Connects to the embedded server of a running Usher on this directory, or starts a server, which `stop` then stops.
 * Throws `StartRefused` if there is no database: a command must not create one in the wrong directory.
 */
export async function connectOrStart(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const home = join(resolve(options.dataDir), 'postgres');
  try {
    await access(home);
  } catch {
    throw new StartRefused(
      `There is no database under DATA_DIR ${options.dataDir}; run this where Usher runs, as the same user, or set DATABASE_URL.`,
    );
  }
  const running = await findRunning(home);
  if (running === undefined) return startEmbeddedPostgres(options);
  return { url: running, stop: () => Promise.resolve() };
}

async function findRunning(home: string): Promise<Secret | undefined> {
  const file = await readPidFile(join(home, 'data'));
  if (file?.ready !== true || !(await isServerOf(join(home, 'data'), file.pid))) return undefined;
  return urlOf(await openCluster(home), file.address);
}
