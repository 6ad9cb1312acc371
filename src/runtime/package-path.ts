import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The path of a file of this package, such as `policies`. Not relative to the calling module: a build moves modules into
 * files in other directories.
 */
export function packagePath(...names: readonly string[]): string {
  return join(root, ...names);
}

const root = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The nearest directory with a `package.json`. */
function findRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('Usher is not in a package');
  return findRoot(parent);
}
