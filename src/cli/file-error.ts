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
export function fileErrorReason(error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return reasons[code] ?? code;
}

/** True for errors of the file system. Errors of databases have a code too, but no number. */
export function isFileError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}
