import { isMasterKey, type PusherApp, type TenantsApp } from '../pusher/pusher-app.ts';
import type { Secret } from '../runtime/secret.ts';
import type { SettingsReader } from './read.ts';
import { settings } from './settings.ts';

/** The default app, and the apps of single tenants. */
export interface PusherConfig {
  readonly pusher: PusherApp;
  readonly tenantsApps: readonly TenantsApp[];
}

export function loadPusher(read: SettingsReader): PusherConfig {
  const pusher = loadDefaultApp(read);
  const tenantsApps = (read.optional('PUSHER_APPS') ?? []).map(({ tenants, app }) => ({
    tenants,
    app: { terminates: pusher.terminates, ...app },
  }));
  const tenants = tenantsApps.flatMap((each) => each.tenants);
  if (new Set(tenants).size < tenants.length) read.problem('PUSHER_APPS has a duplicate tenant');
  // A webhook has only the key of its signature, which must identify the app.
  const keys = [pusher, ...tenantsApps.map(({ app }) => app)].flatMap(keysOf);
  if (new Set(keys).size < keys.length) {
    read.problem('PUSHER_KEY, PUSHER_RETIRING_KEY and PUSHER_APPS have a duplicate key');
  }
  return { pusher, tenantsApps };
}

/** True for the default app of development, which has no server. With a host it is the default app of soketi. */
export const isDemoApp = ({ secret, host }: PusherApp): boolean =>
  host === undefined && secret.reveal() === settings.PUSHER_SECRET.development;

function keysOf({ key, retiring }: PusherApp): readonly string[] {
  return retiring === undefined ? [key] : [key, retiring.key];
}

function loadDefaultApp(read: SettingsReader): PusherApp & { readonly terminates: boolean } {
  const masterKey = read.optional('PUSHER_ENCRYPTION_MASTER_KEY');
  if (masterKey !== undefined && !isMasterKey(masterKey.reveal())) {
    read.problem('PUSHER_ENCRYPTION_MASTER_KEY must be 32 bytes in base64');
  }
  const [cluster, host, port, path] = [
    read.optional('PUSHER_CLUSTER'),
    read.optional('PUSHER_HOST'),
    read.optional('PUSHER_PORT'),
    read.optional('PUSHER_PATH'),
  ];
  if (path !== undefined && host === undefined) {
    read.problem('PUSHER_PATH requires PUSHER_HOST: the servers of Pusher have no path');
  }
  const retiring = loadRetiringKey(read);
  return {
    appId: read.required('PUSHER_APP_ID'),
    key: read.required('PUSHER_KEY'),
    secret: read.required('PUSHER_SECRET'),
    ...(cluster !== undefined && { cluster }),
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(path !== undefined && { path }),
    tls: read.required('PUSHER_TLS') === 'true',
    ...(masterKey !== undefined && { encryptionMasterKey: masterKey }),
    dialect: read.required('PUSHER_SERVER'),
    terminates: read.required('PUSHER_TERMINATE') === 'on',
    ...(retiring && { retiring }),
  };
}

function loadRetiringKey(
  read: SettingsReader,
): { readonly key: string; readonly secret: Secret } | undefined {
  const key = read.optional('PUSHER_RETIRING_KEY');
  const secret = read.optional('PUSHER_RETIRING_SECRET');
  if (key !== undefined && secret !== undefined) return { key, secret };
  if (read.isSet('PUSHER_RETIRING_KEY') !== read.isSet('PUSHER_RETIRING_SECRET')) {
    read.problem('PUSHER_RETIRING_KEY and PUSHER_RETIRING_SECRET must be set together');
  }
  return undefined;
}
