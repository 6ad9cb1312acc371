import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** The maximum size of a file, in bytes. `PUSHER_APPS` may have thousands of apps. */
const maxBytes = 1024 * 1024;

/** The text of a file. A problem follows the name of a setting, and has no path: it may contain the secret itself by mistake. */
type ReadText = { readonly text: string } | { readonly problem: string };

/** Reads a file that has a secret or a key, without the line break at its end. */
export function readSecretFile(path: string): ReadText {
  let file: number | undefined;
  try {
    // A pipe without a writer would otherwise block the process.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = fstatSync(file);
    if (!found.isFile()) return { problem: 'must name a file, not a directory or a pipe' };
    if (found.size > maxBytes) return { problem: `names a file of more than ${maxBytes} bytes` };
    return textOf(readFileSync(file));
  } catch (error) {
    return { problem: problemOf((error as NodeJS.ErrnoException).code) };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function textOf(bytes: Buffer): ReadText {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
    if (text === '') return { problem: 'names an empty file' };
    return text.includes('\0') ? { problem: 'names a file that is not text' } : { text };
  } catch {
    return { problem: 'names a file that is not text in UTF-8' };
  }
}

function problemOf(code = 'unknown error'): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return `names a file that does not exist (${code})`;
  if (code === 'EACCES' || code === 'EPERM')
    return `names a file that Usher may not read (${code})`;
  return `names a file that cannot be read (${code})`;
}
