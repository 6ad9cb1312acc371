import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StartRefused } from '../../runtime/start-refused.ts';

/**
 * Creates a directory and its missing parents. An existing directory is not changed. Not `mkdir` with `recursive`: it
 * never returns below `/proc`, where existing directories accept no new entries.
 */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      if ((await stat(path)).isDirectory()) return;
      throw new Error('it is not a directory', { cause: error });
    }
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path), mode);
    await mkdir(path, { mode });
  }
}

/** Creates the refusal of a directory after a failed file system call. A `StartRefused` is returned unchanged. */
export function refuseDirectory(named: string, error: unknown): StartRefused {
  if (error instanceof StartRefused) return error;
  const { message } = error as Error;
  // The message of Node.js has the form "EACCES: permission denied, mkdir '/data'".
  const reason = /^[A-Z0-9]+: ([^,]*)/.exec(message)?.[1] ?? message;
  return new StartRefused(
    `The embedded PostgreSQL cannot use ${named} (${reason}); set DATA_DIR to a directory that Usher can write to, ` +
      'or DATABASE_URL to a PostgreSQL server.',
  );
}

/** Returns true if this path exists and is visible to this process. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
