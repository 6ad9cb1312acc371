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

/** The server's only login. Connections of the service put it down for the role `usher_service`. */
export const superuser = 'usher';

/** A database cluster on disk. */
export interface Cluster {
  /** Mode 0700, of the server's account: the data, the password, the log, and the socket. */
  readonly home: string;
  /** PostgreSQL's own directory, within `home`. */
  readonly data: string;
  readonly password: Secret;
}

export interface ClusterOptions {
  readonly dataDir: string;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
}

const staged = 'postgres.new-';

/**
 * The cluster under `dataDir`, a directory that is there, created when there is none. It is made aside and renamed when it is complete and on disk, so
 * a start that was cut short is done again, and of two starts at once one cluster stays. Throws `StartRefused`.
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

/** The cluster that is there. */
export async function openCluster(home: string): Promise<Cluster> {
  const password = new Secret(await readFile(join(home, 'password'), 'utf8'));
  return { home, data: join(home, 'data'), password };
}

/** Two starts may remove one directory at once, and the server may still write into it: then it is not empty at first. */
const removal = { recursive: true, force: true, maxRetries: 10 } as const;

/** Removes what starts that were cut short left behind. Another start that is at it now notices, and takes the finished cluster. */
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

/** Runs initdb, which by default also makes checksums and syncs what it wrote. The password travels in a file, never on the command line. */
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
 * The error of initdb, or of the server that it ran. Some errors lack the word "error", such as that of a container whose
 * user id has no name. The last line is always about the files that it removes.
 */
function reasonIn(errors: string): string | undefined {
  const [, severe] = /(?:error|FATAL|PANIC|ERROR): +(.*)/.exec(errors) ?? [];
  const [, plain] = /^initdb: (?!removing)(.*)/m.exec(errors) ?? [];
  return severe ?? plain;
}

/** Not ours: it holds our secrets, and PGDATA or PGOPTIONS in it would be obeyed. */
export const serverEnvironment: NodeJS.ProcessEnv = {
  LC_ALL: 'C',
  TZ: 'UTC',
  PATH: '/usr/bin:/bin',
};

/** A rename or a new file is in the directory for good only once the directory itself is on disk. */
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
