import Pusher from 'pusher';
import {
  isMasterKey,
  terminatePolicyOf,
  type PusherApp,
  type TenantsApp,
  type TerminatePolicy,
} from './pusher-app.ts';
import { dialectRules, type DialectRules, type PusherDialect } from './dialects.ts';

/** A client of a Pusher app. */
export interface SigningApp {
  readonly client: Pusher;
  /** The clients of the HTTP API, in the order in which they are used while the server refuses the signature (401). */
  readonly apiClients: readonly Pusher[];
  readonly key: string;
  readonly dialect: PusherDialect;
  readonly rules: DialectRules;
  readonly encrypts: boolean;
  readonly terminatePolicy: TerminatePolicy;
}

/** The configured Pusher apps. */
export interface PusherApps {
  /** The app of this tenant, or the default app. */
  readonly for: (tenantId: string | undefined) => SigningApp | undefined;
  /** The app with this key or retiring key. */
  readonly withKey: (key: string) => SigningApp | undefined;
  /** The distinct kinds of servers of these apps. */
  readonly servers: () => readonly Pick<SigningApp, 'dialect' | 'terminatePolicy'>[];
}

/**
 * Creates the clients of the default app and of the tenants' apps. Throws if the signatures of an app would be insecure;
 * the message names the setting, never its value.
 */
export function createPusherApps(
  app: PusherApp,
  ofTenants: readonly TenantsApp[] = [],
): PusherApps {
  const defaultApp = createApp(app);
  const byKey = new Map<string, SigningApp>(keysOf(app).map((key) => [key, defaultApp]));
  const byTenant = new Map(
    ofTenants.flatMap(({ tenants, app: own }) => {
      const ownApp = createApp(own);
      for (const key of keysOf(own)) byKey.set(key, ownApp);
      return tenants.map((tenantId) => [tenantId, ownApp] as const);
    }),
  );
  return {
    for: (tenantId) =>
      tenantId === undefined ? defaultApp : (byTenant.get(tenantId) ?? defaultApp),
    withKey: (key) => byKey.get(key),
    servers: () => serversOf(byKey.values()),
  };
}

/** The current apps; those of previous secrets are still found by their keys. The current ones are first. */
export function appsWithPrevious(versions: {
  readonly all: readonly [PusherApps, ...PusherApps[]];
}): PusherApps {
  return {
    for: (tenantId) => versions.all[0].for(tenantId),
    withKey: (key) => {
      for (const apps of versions.all) {
        const app = apps.withKey(key);
        if (app !== undefined) return app;
      }
      return undefined;
    },
    servers: () => versions.all[0].servers(),
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

/** The timeout of requests to the HTTP API. */
const timeoutMs = 2_000;

/** Pusher's default; the default of npm `pusher` is an older host name. */
const defaultCluster = 'mt1';

function createApp(app: PusherApp): SigningApp {
  const masterKey = app.encryptionMasterKey?.reveal();
  if (app.appId === '' || app.key === '') throw new Error('Pusher app without an id or a key');
  // HMAC accepts an empty key, so anyone could forge signatures.
  if (app.secret.reveal() === '') throw new Error('Pusher app with an empty secret');
  // Checked before `pusher` does: some of its versions put an invalid key into the error message.
  if (masterKey !== undefined && !isMasterKey(masterKey)) {
    throw new Error('Pusher encryption master key that is not 32 bytes in base64');
  }
  const client = createClient(app, app.path);
  const { path } = app;
  const rules = dialectRules(app.dialect);
  const isPathSigned = path !== undefined && rules.signsPath;
  return {
    client,
    // A proxy may also remove the path, and then the server verifies the signature without it.
    apiClients: isPathSigned ? [signingPath(createClient(app), app.appId, path), client] : [client],
    key: app.key,
    dialect: app.dialect,
    rules,
    encrypts: masterKey !== undefined,
    terminatePolicy: terminatePolicyOf(app),
  };
}

/** `pusher` has no option for a path, but a host may have one. It is not part of the signature. */
function createClient(app: PusherApp, path = ''): Pusher {
  const masterKey = app.encryptionMasterKey?.reveal();
  const port = app.port === undefined ? '' : `:${app.port}`;
  return new Pusher({
    appId: app.appId,
    key: app.key,
    secret: app.secret.reveal(),
    useTLS: app.tls,
    timeout: timeoutMs,
    ...(app.host === undefined
      ? { cluster: app.cluster ?? defaultCluster }
      : { host: app.host + port + path }),
    ...(app.host === undefined && app.port !== undefined && { port: String(app.port) }),
    ...(masterKey !== undefined && { encryptionMasterKeyBase64: masterKey }),
  });
}

/** The client, with a path that is part of the signature. */
function signingPath(client: Pusher, appId: string, path: string): Pusher {
  const { config } = client as unknown as { readonly config: { prefixPath: unknown } };
  config.prefixPath = (subPath: string) => `${path}/apps/${appId}${subPath}`;
  return client;
}
