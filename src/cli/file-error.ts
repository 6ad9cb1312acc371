import { CommandError } from './command.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EEXIST: 'it already exists',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory',
  ENOSPC: 'the disk is full',
  EPIPE: 'the reader has closed it',
};

/** Describes an error of the file system, or repeats its code. */
function fileErrorReason(error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return reasons[code] ?? code;
}

/** True for errors of the file system. Errors of databases have a code too, but no number. */
function isFileError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}

/** Runs a function that reads or writes a file, and reports an error of the file system as `CommandError`. */
export async function withFileErrors<T>(
  path: string,
  done: 'written' | 'read',
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new CommandError(`${path} cannot be ${done}: ${fileErrorReason(error)}`);
  }
}
