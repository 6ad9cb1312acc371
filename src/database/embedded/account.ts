import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StartRefused } from '../../runtime/start-refused.ts';

/** The user id and group id of a system account. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);

/** The system user of the server if Usher runs as root. */
export const accountName = 'postgres';

/**
 * Returns the account of the server: `undefined` for the user of this process. PostgreSQL refuses to run as root, so
 * for root it is the system user `postgres`, which is created if it is missing. Throws `StartRefused` if that fails.
 */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await lookUp();
  if (existing !== undefined) return existing;
  try {
    await run('groupadd', ['--system', '--force', accountName]);
    await run('useradd', [
      '--system',
      '--gid',
      accountName,
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/usr/sbin/nologin',
      accountName,
    ]);
  } catch {
    // Another start may have created the user at the same time; the next lookup finds it.
  }
  const created = await lookUp();
  if (created !== undefined) return created;
  throw new StartRefused(
    `PostgreSQL does not run as root, and the system user "${accountName}" could not be created; ` +
      'start Usher as another user, or set DATABASE_URL to a PostgreSQL server.',
  );
}

async function lookUp(): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([
      run('id', ['-u', accountName]),
      run('id', ['-g', accountName]),
    ]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/**
 * Returns true if the account can enter this directory. Throws `StartRefused` if no program can run as that account.
 */
export function canEnter(account: Account, directory: string): Promise<boolean> {
  return succeeds(account, 'cd "$1"', directory);
}

/** Returns true if the account can run this program. Throws as `canEnter` does. */
export function canRun(account: Account, program: string): Promise<boolean> {
  return succeeds(account, '"$1" --version', program);
}

async function succeeds(account: Account, script: string, path: string): Promise<boolean> {
  try {
    await run('/bin/sh', ['-c', script, 'sh', path], { ...account, cwd: '/' });
    return true;
  } catch (error) {
    // A numeric code is the exit code of the script. A text means that the script could not be started.
    if (typeof (error as { code?: unknown }).code === 'number') return false;
    throw new StartRefused(
      `Usher runs as root but cannot start the embedded PostgreSQL as the system user "${accountName}"; ` +
        'start Usher as another user, or set DATABASE_URL to a PostgreSQL server.',
    );
  }
}
