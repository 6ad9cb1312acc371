import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '../../runtime/secret.ts';
import { StartRefused } from '../../runtime/start-refused.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { cannotRun } from './binaries.ts';
import { exists, refuseDirectory } from './directory.ts';

/** The only login of the server. Connections of the service switch to the role `usher_service`. */
export const superuser = 'usher';

export interface Cluster {
  /** Owned by the account of the server, mode 0700. Contains the data, the password, the log and the socket. */
  readonly home: string;
  /** The data directory of PostgreSQL, within `home`. */
  readonly data: string;
  readonly password: Secret;
}

interface ClusterOptions {
  readonly dataDir: string;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
}

const staged = 'postgres.new-';

/**
 * Opens the cluster under `dataDir`, which must exist, and creates the cluster if it is missing. A cluster is created
 * in a temporary directory, synced, and then renamed. So an interrupted start can be repeated, and concurrent starts
 * get the same cluster. Throws `StartRefused`.
 */
export async function ensureCluster(options: ClusterOptions): Promise<Cluster> {
  const { dataDir } = options;
  const home = join(dataDir, 'postgres');
  try {
    if (!(await exists(home))) await createCluster(home, options);
    return await openCluster(home);
  } catch (error) {
    throw refuseDirectory(`DATA_DIR ${dataDir}`, error);
  }
}

/** Opens an existing cluster. */
export async function openCluster(home: string): Promise<Cluster> {
  const password = new Secret(await readFile(join(home, 'password'), 'utf8'));
  return { home, data: join(home, 'data'), password };
}

/** Retries, because two starts may remove the same directory, and a server may still write into it. */
const removal = { recursive: true, force: true, maxRetries: 10 } as const;

/**
 * Removes directories of interrupted starts. A concurrent start whose directory is removed fails to create its cluster
 * and opens the finished one.
 */
export async function removeLeftovers(dataDir: string): Promise<void> {
  const names = (await readdir(dataDir)).filter((name) => name.startsWith(staged));
  await Promise.all(names.map((name) => rm(join(dataDir, name), removal)));
}

async function createCluster(
  home: string,
  { dataDir, binaries, account }: ClusterOptions,
): Promise<void> {
  const stage = join(dataDir, staged + randomBytes(6).toString('hex'));
  try {
    const passwordFile = join(stage, 'password');
    await mkdir(stage, { mode: 0o700 });
    await writeFile(passwordFile, randomBytes(32).toString('base64url'), {
      mode: 0o600,
      flush: true,
    });
    if (account !== undefined) {
      for (const path of [stage, passwordFile]) await chown(path, account.uid, account.gid);
    }
    await initdb(binaries.initdb, { data: join(stage, 'data'), passwordFile, account });
    await syncDirectory(stage);
    await rename(stage, home);
    await syncDirectory(dataDir);
  } catch (error) {
    await rm(stage, removal);
    if (!(await exists(home))) throw error;
  }
}

interface InitdbOptions {
  readonly data: string;
  readonly passwordFile: string;
  readonly account: Account | undefined;
}

/**
 * Runs initdb, which by default enables checksums and syncs its files. The password is passed in a file, because other
 * users can read a command line.
 */
function initdb(program: string, { data, passwordFile, account }: InitdbOptions): Promise<void> {
  const login = [`--username=${superuser}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  const options = [`--pgdata=${data}`, ...login, '--encoding=UTF8', '--locale=C'];
  const environment = { ...account, cwd: '/', env: serverEnvironment };
  return new Promise((resolve, reject) => {
    execFile(program, options, environment, (error, _output, errors) => {
      if (error === null) {
        resolve();
        return;
      }
      const why = reasonIn(errors) ?? `it ended with ${String(error.code)}`;
      const remedy = /No space left on device/.test(errors)
        ? 'make room for it (100 MB), or set DATA_DIR to another disk'
        : 'set DATABASE_URL to a PostgreSQL server';
      const sentence = `The embedded PostgreSQL could not be created (${why}); ${remedy}.`;
      reject(cannotRun({ code: error.code ?? null }) ?? new StartRefused(sentence));
    });
  });
}

/**
 * Returns the error of initdb, or of the server that it ran. Some errors lack the word "error", such as that of a
 * container whose user id has no name. The last line is always about the files that initdb removes.
 */
function reasonIn(errors: string): string | undefined {
  const [, severe] = /(?:error|FATAL|PANIC|ERROR): +(.*)/.exec(errors) ?? [];
  const [, plain] = /^initdb: (?!removing)(.*)/m.exec(errors) ?? [];
  return severe ?? plain;
}

/** Not the environment of Usher: it contains secrets, and the server would use PGDATA or PGOPTIONS. */
export const serverEnvironment: NodeJS.ProcessEnv = {
  LC_ALL: 'C',
  TZ: 'UTC',
  PATH: '/usr/bin:/bin',
};

/** Syncs a directory. Without it a rename or a new file can be lost in a crash. */
async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory.
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
