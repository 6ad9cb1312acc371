import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigurationError } from './load.ts';
import type { Environment } from './read.ts';

/**
 * Outside production, adds the settings of a `.env` file that the environment does not have.
 * In production such a file may be in the image by accident, so it has no effect, and `NODE_ENV` in it is ignored.
 * Throws `ConfigurationError` for a file that cannot be read.
 */
export function withDotenv(env: Environment, file: string): Environment {
  if (env['NODE_ENV'] === 'production') return env;
  try {
    const settings = parseEnv(readFileSync(file, 'utf8'));
    delete settings['NODE_ENV'];
    return { ...settings, ...env };
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return env;
    throw new ConfigurationError([`the file ${file} cannot be read (${code})`]);
  }
}
