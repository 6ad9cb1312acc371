import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StartRefused } from '../start-refused.ts';

/** A system account, by its ids. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);
const accountName = 'postgres';

/**
 * The account the server runs under: our own (`undefined`), or as root, which PostgreSQL refuses, the system user
 * `postgres`, created when missing. Throws `StartRefused` when that is not possible.
 */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await lookUp();
  if (existing !== undefined) return existing;
  try {
    await run('groupadd', ['--system', '--force', accountName]);
    await run('useradd', [
      ...['--system', '--gid', accountName, '--no-create-home', '--home-dir', '/nonexistent'],
      ...['--shell', '/usr/sbin/nologin', accountName],
    ]);
  } catch {
    // Another start may have created it in the meantime; looked up below.
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

/** Throws `StartRefused` when the account cannot get into the directory or cannot run the program: both may lie under `/root`. */
export async function assertReachable(
  account: Account,
  directory: string,
  program: string,
): Promise<void> {
  try {
    const script = 'cd "$1" && test -x "$2"';
    await run('/bin/sh', ['-c', script, 'sh', directory, program], { ...account, cwd: '/' });
  } catch {
    throw new StartRefused(
      `Usher runs as root, so its embedded PostgreSQL runs as the system user "${accountName}", which cannot reach ` +
        `${directory} or ${program}; move DATA_DIR or Usher where that user may go, start Usher as another user, or set DATABASE_URL.`,
    );
  }
}
