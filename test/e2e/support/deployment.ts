import { randomBytes } from 'node:crypto';

import Pusher from 'pusher';

import { requestJson } from './requests.ts';
import { pointedAt, type Soketi, type SoketiOptions, startSoketi } from './soketi.ts';
import { createTokenMint, leaksIn, type TokenMint } from './tokens.ts';
import { startUsher, type Usher } from './usher.ts';

/** Usher as in production, the Pusher server it signs for, and the host that uses both. */
export interface Deployment {
  readonly soketi: Soketi;
  readonly usher: Usher;
  readonly tokens: TokenMint;
  /** The host's server, which sends messages through the Pusher server. */
  readonly publisher: Pusher;
  /** A cookie of the host that a browser would send along. */
  readonly cookie: string;
  /** Stores a fact through the operator's port; throws if it is refused. */
  readonly put: (path: string, fact: object) => Promise<void>;
  /** Stops Usher; the returned function starts it again at the same addresses. Needs `DATA_DIR` in the environment. */
  readonly stopUsher: () => Promise<() => Promise<void>>;
  /** Ends all processes, then returns the secrets in Usher's log, which must be none. */
  readonly stop: () => Promise<readonly string[]>;
}

/** The assumed page of all clients. */
export const pageOrigin = 'https://app.example';

/** Starts soketi, and Usher with a configuration for production and an embedded database; `over` changes its environment. */
export async function startDeployment(
  over: Readonly<Record<string, string>> = {},
  soketiOptions: SoketiOptions = {},
): Promise<Deployment> {
  const soketi = await startSoketi({ userAuthentication: true, ...soketiOptions });
  const secrets = newSecrets();
  try {
    const env = { ...environment(soketi, secrets), ...over };
    return deploymentOf(soketi, { usher: await startUsher(env), env }, secrets);
  } catch (error) {
    await soketi.stop();
    throw error;
  }
}

type Secrets = ReturnType<typeof newSecrets>;

const newSecrets = () => ({
  guest: randomBytes(32).toString('hex'),
  user: randomBytes(32).toString('hex'),
  masterKey: randomBytes(32).toString('base64'),
  cookie: randomBytes(16).toString('hex'),
});

function environment(soketi: Soketi, secrets: Secrets) {
  return {
    NODE_ENV: 'production',
    // The lowest level, so that no level hides a secret.
    LOG_LEVEL: 'debug',
    ...pointedAt(soketi),
    PUSHER_ENCRYPTION_MASTER_KEY: secrets.masterKey,
    GUEST_TOKEN_SECRET: secrets.guest,
    USER_TOKEN_SECRET: secrets.user,
    ALLOWED_ORIGINS: pageOrigin,
    // All refusals of a file come from one address.
    RATE_LIMIT_FAILURES: '10000',
  };
}

interface Running {
  readonly usher: Usher;
  readonly env: Readonly<Record<string, string>>;
}

function deploymentOf(
  soketi: Soketi,
  { usher: first, env }: Running,
  secrets: Secrets,
): Deployment {
  const tokens = createTokenMint(secrets);
  let usher = first;
  let earlierOutput = '';
  return {
    soketi,
    get usher() {
      return usher;
    },
    tokens,
    stopUsher: async () => {
      const { publicUrl, operatorUrl } = usher;
      await usher.stop();
      earlierOutput += usher.output();
      const ports = { PORT: new URL(publicUrl).port, OPS_PORT: new URL(operatorUrl).port };
      return async () => {
        usher = await startUsher({ ...env, ...ports });
      };
    },
    publisher: new Pusher({
      appId: soketi.appId,
      key: soketi.key,
      secret: soketi.secret,
      host: '127.0.0.1',
      port: String(soketi.port),
      useTLS: false,
      encryptionMasterKeyBase64: secrets.masterKey,
    }),
    cookie: `sessionid=${secrets.cookie}`,
    put: async (path, fact) => {
      const { status, text } = await requestJson('PUT', usher.operatorUrl + path, fact);
      if (status !== 200) throw new Error(`PUT ${path}: ${status} ${text}`);
    },
    stop: async () => {
      await Promise.all([usher.stop(), soketi.stop()]);
      return leaksIn(earlierOutput + usher.output(), [
        ...Object.values(secrets),
        soketi.secret,
        ...tokens.minted(),
      ]);
    },
  };
}
