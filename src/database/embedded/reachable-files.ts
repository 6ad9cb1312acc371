import { createHash, randomBytes } from 'node:crypto';
import {
  chmod,
  cp,
  lstat,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StartRefused } from '../../runtime/start-refused.ts';
import { type Account, accountName, canEnter, canRun } from './account.ts';
import { type Binaries, refusePrograms } from './binaries.ts';
import { exists, makeDirectory, refuseDirectory } from './directory.ts';

/**
 * If Usher runs as root: the directory for files that the account of the server cannot reach in another directory, such
 * as `/root`.
 */
export const defaultSharedDirectory = '/var/lib/usher';

/** The account that must reach the files, and the directory for files that it cannot reach elsewhere. */
interface ReachOptions {
  /** The account of the server; `undefined` for the user of this process. */
  readonly account: Account | undefined;
  /** Replaces `defaultSharedDirectory`. */
  readonly sharedDirectory: string;
  readonly log: { info(message: string): void };
}

/** Returns programs that the account can run: a copy of this version if it cannot reach `node_modules`. */
export async function reachableBinaries(
  binaries: Binaries,
  options: ReachOptions,
): Promise<Binaries> {
  const { account, sharedDirectory, log } = options;
  if (account === undefined || (await canRun(account, binaries.postgres))) return binaries;
  const copy = join(sharedDirectory, `postgresql-${binaries.version}`);
  if (!(await exists(copy))) await copyPrograms(dirname(dirname(binaries.postgres)), copy, account);
  log.info(
    `The system user "${accountName}" cannot reach ${binaries.postgres}; the embedded PostgreSQL runs from a copy in ${copy}.`,
  );
  const inCopy = (program: string) => join(copy, 'bin', basename(program));
  return {
    ...binaries,
    initdb: inCopy(binaries.initdb),
    postgres: inCopy(binaries.postgres),
  };
}

/**
 * Copies the programs to a temporary directory first, so that an interrupted or concurrent start leaves no partial
 * copy.
 */
async function copyPrograms(from: string, copy: string, account: Account): Promise<void> {
  const stage = `${copy}.new-${randomBytes(6).toString('hex')}`;
  try {
    await makeShared(dirname(copy));
    await copyForAll(from, stage);
    // Only a copy that runs is kept. Otherwise libraries that npm did not link would be missing in every later start.
    if (!(await canRun(account, join(stage, 'bin', 'postgres')))) throw refusePrograms();
    await rename(stage, copy);
  } catch (error) {
    await rm(stage, { recursive: true, force: true });
    // A concurrent start may have finished its copy first.
    if (!(await exists(copy))) throw refuseDirectory(dirname(copy), error);
  }
}

/**
 * Returns the directory of the database: `dataDir`, or, if the account cannot enter it, a directory below
 * `sharedDirectory` whose name depends on `dataDir` only. `linkDatabase` then creates a link to it in `dataDir`. Throws
 * `StartRefused` if `dataDir` has an unreachable database, or if the target of the link is missing.
 */
export async function reachableDirectory(dataDir: string, options: ReachOptions): Promise<string> {
  try {
    return await findDirectory(dataDir, options);
  } catch (error) {
    throw refuseDirectory(`DATA_DIR ${dataDir}`, error);
  }
}

async function findDirectory(
  dataDir: string,
  { account, sharedDirectory, log }: ReachOptions,
): Promise<string> {
  // If Usher runs as root, the account of the server must be able to traverse the directory. The cluster within is 0700
  // in both cases.
  await makeDirectory(dataDir, account === undefined ? 0o700 : 0o711);
  const database = join(dataDir, 'postgres');
  const linked = await readlink(database).catch(() => undefined);
  if (linked !== undefined) return linkedDirectory(database, linked, log);
  if (account === undefined || (await canEnter(account, dataDir))) return dataDir;
  if (await allowTraversal(account, dataDir)) return dataDir;
  if (await exists(database)) {
    throw new StartRefused(
      `Usher runs as root, so its embedded PostgreSQL runs as the system user "${accountName}", which cannot reach the ` +
        `database in ${dataDir}; let that user pass through the directories above it, or start Usher as the user it belongs to.`,
    );
  }
  await makeShared(sharedDirectory);
  const name = createHash('sha256')
    .update(await realpath(dataDir))
    .digest('hex')
    .slice(0, 16);
  const directory = join(sharedDirectory, name);
  await makeShared(directory);
  log.info(
    `The system user "${accountName}", which runs the embedded PostgreSQL, cannot reach DATA_DIR ${dataDir}; the database is in ${directory}.`,
  );
  return directory;
}

/** Creates a link in `dataDir` to a database elsewhere, for commands and later starts. */
export async function linkDatabase(dataDir: string, home: string): Promise<void> {
  const database = join(dataDir, 'postgres');
  if (database === home) return;
  await symlink(home, database).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw refuseDirectory(dataDir, error);
  });
}

async function linkedDirectory(
  database: string,
  home: string,
  log: ReachOptions['log'],
): Promise<string> {
  if (!(await exists(home))) {
    throw new StartRefused(
      `The database of DATA_DIR was in ${home} and does not exist any more; restore it, or remove ${database} to start with an empty database.`,
    );
  }
  log.info(`The database of DATA_DIR is in ${dirname(home)}.`);
  return dirname(home);
}

/** Makes a directory traversable if it contains only databases, so that a database on a volume of root stays there. */
async function allowTraversal(account: Account, dataDir: string): Promise<boolean> {
  const names = await readdir(dataDir);
  if (!names.every((name) => name.startsWith('postgres'))) return false;
  const { mode } = await lstat(dataDir);
  await chmod(dataDir, (mode & 0o777) | 0o011);
  if (await canEnter(account, dataDir)) return true;
  await chmod(dataDir, mode & 0o777);
  return false;
}

/** Creates a directory in which only root can write and which all users can traverse, independent of the umask. */
async function makeShared(directory: string): Promise<void> {
  await makeDirectory(directory, 0o755);
  await chmod(directory, 0o711);
}

/** Copies a tree so that all users can read it: under umask 077 only the owner can read an installation. */
async function copyForAll(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, (await lstat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}
