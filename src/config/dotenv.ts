import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigurationError } from './load.ts';
import type { Environment } from './read.ts';

/**
 * Outside production, adds what a `.env` file says to what the environment does not.
 * A production process takes no settings from a file that may lie about in its image, so no file makes one either.
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
