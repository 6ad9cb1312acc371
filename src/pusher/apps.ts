import Pusher from 'pusher';

import {
  isMasterKey,
  terminatePolicyOf,
  type PusherApp,
  type PusherDialect,
  type TenantsApp,
  type TerminatePolicy,
} from './pusher-app.ts';

/** A Pusher app that is ready to sign. */
export interface SigningApp {
  readonly client: Pusher;
  readonly key: string;
  readonly dialect: PusherDialect;
  readonly encrypts: boolean;
  readonly terminatePolicy: TerminatePolicy;
}

/** The Pusher apps that are configured. Signers refuse where there is none. */
export interface PusherApps {
  /** The app of this tenant, or the default app where the tenant has none of its own or is `undefined`. */
  for(tenantId: string | undefined): SigningApp | undefined;
  /** The app that signs with this key, or did until the key was replaced; `undefined` for any other key. */
  withKey(key: string): SigningApp | undefined;
  /** Which servers these apps are at, each once. */
  servers(): readonly Pick<SigningApp, 'dialect' | 'terminatePolicy'>[];
}

/**
 * Opens the default app, and those that some tenants have to themselves.
 * Throws, naming what is wrong and never its value, when signatures made with one would be worthless.
 */
export function createPusherApps(
  app: PusherApp,
  ofTenants: readonly TenantsApp[] = [],
): PusherApps {
  const opened = createApp(app);
  const byKey = new Map<string, SigningApp>(keysOf(app).map((key) => [key, opened]));
  const byTenant = new Map(
    ofTenants.flatMap(({ tenants, app: own }) => {
      const ownApp = createApp(own);
      for (const key of keysOf(own)) byKey.set(key, ownApp);
      return tenants.map((tenantId) => [tenantId, ownApp] as const);
    }),
  );
  return {
    for: (tenantId) => (tenantId === undefined ? opened : (byTenant.get(tenantId) ?? opened)),
    withKey: (key) => byKey.get(key),
    servers: () => serversOf(byKey.values()),
  };
}

function serversOf(apps: Iterable<SigningApp>): ReturnType<PusherApps['servers']> {
  const servers = [...apps].map(
    ({ dialect, terminatePolicy }) =>
      [`${dialect} ${terminatePolicy}`, { dialect, terminatePolicy }] as const,
  );
  return [...new Map(servers).values()];
}

const keysOf = ({ key, retiring }: PusherApp): readonly string[] =>
  retiring === undefined ? [key] : [key, retiring.key];

/** How long the server may take to answer a question of ours, in milliseconds. */
const timeoutMs = 2_000;

/** Pusher's own default, which npm `pusher` still reaches under an older host name. */
const defaultCluster = 'mt1';

function createApp(app: PusherApp): SigningApp {
  const masterKey = app.encryptionMasterKey?.reveal();
  if (app.appId === '' || app.key === '') throw new Error('Pusher app without an id or a key');
  // HMAC takes an empty key without a word, and anybody could then make our signatures.
  if (app.secret.reveal() === '') throw new Error('Pusher app with an empty secret');
  // Checked before `pusher` sees it: versions of that package put a key they refuse into the error text.
  if (masterKey !== undefined && !isMasterKey(masterKey)) {
    throw new Error('Pusher encryption master key that is not 32 bytes in base64');
  }
  const client = new Pusher({
    appId: app.appId,
    key: app.key,
    secret: app.secret.reveal(),
    useTLS: app.tls,
    timeout: timeoutMs,
    ...(app.host === undefined ? { cluster: app.cluster ?? defaultCluster } : { host: app.host }),
    ...(app.port === undefined ? {} : { port: String(app.port) }),
    ...(masterKey === undefined ? {} : { encryptionMasterKeyBase64: masterKey }),
  });
  return {
    client,
    key: app.key,
    dialect: app.dialect,
    encrypts: masterKey !== undefined,
    terminatePolicy: terminatePolicyOf(app),
  };
}
