import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Environment } from './read.ts';

/**
 * Outside production, adds what a `.env` file says to what the environment does not.
 * A production process takes no settings from a file that may lie about in its image, so no file makes one either.
 */
export function withDotenv(env: Environment, file: string): Environment {
  if (env['NODE_ENV'] === 'production') return env;
  try {
    const settings = parseEnv(readFileSync(file, 'utf8'));
    delete settings['NODE_ENV'];
    return { ...settings, ...env };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return env;
    throw error;
  }
}
