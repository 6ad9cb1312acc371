const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EEXIST: 'it exists already',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory',
  ENOSPC: 'the disk is full',
  EPIPE: 'nobody reads it',
};

/** Why the file system refused, in words where there are some. */
export function fileErrorReason(error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return words[code] ?? code;
}

/** Whether the file system refused; errors of databases have codes too, and no number. */
export function isFileError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}
