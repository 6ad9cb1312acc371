import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Jiti } from 'jiti';
import { UnloadableModule } from './problem.ts';

/** A file as it was named, and where it is: a file of a Kubernetes ConfigMap has several paths. */
export interface ModuleFile {
  readonly given: string;
  /** Without symbolic links. */
  readonly real: string;
}

export function moduleFile(path: string): ModuleFile {
  return { given: path, real: existsSync(path) ? realpathSync(path) : path };
}

/** Throws `UnloadableModule`. */
export function readModule({ given, real }: ModuleFile): string {
  try {
    return readFileSync(real, 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new UnloadableModule({ file: given, message: `cannot be read: ${code}` });
  }
}

/** The file of an import by path; `package` for another import that exists; `undefined` if there is no such file or package. */
export function resolveImport(
  specifier: string,
  { given, real }: ModuleFile,
  jiti: Pick<Jiti, 'esmResolve'>,
): ModuleFile | 'package' | undefined {
  if (isBuiltin(specifier)) return 'package';
  const found = jiti.esmResolve(specifier, { parentURL: pathToFileURL(real), try: true });
  if (found === undefined) return undefined;
  if (!/^(?:\.\.?\/|\/|file:)/.test(specifier)) return 'package';
  const imported = realpathSync(found.startsWith('file:') ? fileURLToPath(found) : found);
  const named = moduleFile(resolve(dirname(given), specifier));
  return named.real === imported ? named : { given: imported, real: imported };
}
