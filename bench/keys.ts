import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import type { Signature } from './tokens.ts';

/** Generated secrets of one run. */
export interface Keys {
  readonly pusherKey: string;
  readonly pusherSecret: string;
  readonly guestSecret: string;
  readonly userSecret: string;
  /** Keys of the issuers of a policy, by algorithm: a shared secret, or a PEM key. */
  readonly signing: Readonly<Record<Signature, string>>;
  readonly verifying: Readonly<Record<Signature, string>>;
}

export function createKeys(): Keys {
  const secret = () => randomBytes(32).toString('hex');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const shared = secret();
  return {
    pusherKey: randomBytes(10).toString('hex'),
    pusherSecret: secret(),
    guestSecret: secret(),
    userSecret: secret(),
    signing: { HS256: shared, RS256: pemOf(rsa.privateKey), ES256: pemOf(ec.privateKey) },
    verifying: { HS256: shared, RS256: pemOf(rsa.publicKey), ES256: pemOf(ec.publicKey) },
  };
}

const pemOf = (key: KeyObject) =>
  key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }).toString();

/** Environment variables of every contestant: production settings. */
export function serverEnvironment(keys: Keys, databaseUrl: string | undefined) {
  return {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    OPS_PORT: '0',
    LOG_LEVEL: 'info',
    AUDIT: 'strict',
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    PUSHER_APP_ID: 'bench',
    PUSHER_KEY: keys.pusherKey,
    PUSHER_SECRET: keys.pusherSecret,
    GUEST_TOKEN_SECRET: keys.guestSecret,
    USER_TOKEN_SECRET: keys.userSecret,
    ALLOWED_ORIGINS: 'https://app.example',
    ...raisedLimits,
  };
}

const plenty = '1000000';

/** One address and a few hundred principals send all requests, so that each of these limits would refuse most of them. */
export const raisedLimits = {
  RATE_LIMIT_FAILURES: plenty,
  RATE_LIMIT_CONNECTIONS: plenty,
  RATE_LIMIT_AUTHORIZATIONS: plenty,
  RATE_LIMIT_SUBSCRIPTIONS: plenty,
} as const;
