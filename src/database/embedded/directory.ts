import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StartRefused } from '../../runtime/start-refused.ts';

/**
 * Makes a directory, and those above it that are missing; one that is there stays as it is. Not `mkdir` with `recursive`: below
 * `/proc`, where a directory that exists takes no new one, that never returns.
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

/** The refusal of a directory that a call to the file system failed on; a refusal stays as it is. */
export function refuseDirectory(named: string, error: unknown): StartRefused {
  if (error instanceof StartRefused) return error;
  const { message } = error as Error;
  // Node.js says "EACCES: permission denied, mkdir '/data'".
  const reason = /^[A-Z0-9]+: ([^,]*)/.exec(message)?.[1] ?? message;
  return new StartRefused(
    `The embedded PostgreSQL cannot use ${named} (${reason}); set DATA_DIR to a directory that Usher can write to, ` +
      'or DATABASE_URL to a PostgreSQL server.',
  );
}

/** Whether there is something at this path that we can see. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
