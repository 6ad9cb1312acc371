import { generateKeyPairSync } from 'node:crypto';
import { ConfigurationError, loadConfig } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/read.ts';
import { testSecret } from '../support/tokens.ts';
import { guestSecret } from '../support/usher.ts';

/** An environment that is complete in production. */
export const production: Environment = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://usher:hidden-word@db.internal/usher',
  PUSHER_APP_ID: '1',
  PUSHER_KEY: 'key',
  PUSHER_SECRET: 'hidden-pusher-secret',
  GUEST_TOKEN_SECRET: guestSecret,
  USER_TOKEN_SECRET: testSecret.reveal(),
};

/** The problems of this environment. */
export function problems(env: Environment): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

/** The problems of the production environment with these changes. */
export const inProduction = (changes: Environment): readonly string[] =>
  problems({ ...production, ...changes });

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const publicPem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
export const privatePem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
