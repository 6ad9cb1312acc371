import { pusherDialects } from '../pusher/dialects.ts';
import { isMasterKey, type PusherApp, type TenantsApp } from '../pusher/pusher-app.ts';
import { Secret } from '../runtime/secret.ts';
import { urlHost, urlHostProblem } from './address.ts';
import { isPusherWord, normalPath, pusherPathProblem, pusherWordProblem } from './names.ts';
import type { Setting } from './setting.ts';
import { isJsonObject } from '../runtime/json.ts';

/** A JSON list of apps. Problems name the item and the field, and never have a value. */
export const pusherApps = (doc: string): Setting<readonly TenantsApp[]> => ({
  doc,
  secret: true,
  parse: (value) => {
    let items: unknown;
    try {
      items = JSON.parse(value);
    } catch {
      // The message of `JSON.parse` quotes the text, which has secrets.
      return { problem: 'must be JSON' };
    }
    if (!Array.isArray(items)) return { problem: 'must be a JSON list' };
    const problems = items.flatMap((item: unknown, i) =>
      problemsOf(item).map((problem) => `item ${i + 1} ${problem}`),
    );
    if (problems.length > 0) return { problem: `has problems: ${problems.join('; ')}` };
    return { value: (items as readonly Item[]).map(appOf) };
  },
});

/** A valid item of the list. */
interface Item {
  readonly tenants: readonly string[];
  readonly app_id: string;
  readonly key: string;
  readonly secret: string;
  readonly encryption_master_key?: string;
  readonly cluster?: string;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly tls?: boolean;
  readonly server?: PusherApp['dialect'];
  readonly terminate?: boolean;
  readonly retiring_key?: string;
  readonly retiring_secret?: string;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

/** The ids of tenants in channel names. */
const isTenant = (value: unknown): boolean =>
  typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value);

const rules: {
  readonly [Field in keyof Item]-?: readonly [
    isValid: (value: unknown) => boolean,
    problem: string,
  ];
} = {
  tenants: [
    (value) => Array.isArray(value) && value.length > 0 && value.every(isTenant),
    'must be a list of tenant ids',
  ],
  app_id: [isText, 'must be a text'],
  key: [isText, 'must be a text'],
  secret: [isText, 'must be a text'],
  encryption_master_key: [
    (value) => typeof value === 'string' && isMasterKey(value),
    'must be 32 bytes in base64',
  ],
  cluster: [isText, 'must be a text'],
  host: [(value) => typeof value === 'string' && urlHost(value) !== undefined, urlHostProblem],
  port: [
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535,
    'must be a whole number from 1 to 65535',
  ],
  path: [
    (value) => typeof value === 'string' && normalPath(value) !== undefined,
    pusherPathProblem,
  ],
  tls: [(value) => typeof value === 'boolean', 'must be true or false'],
  server: [
    (value) => pusherDialects.some((server) => server === value),
    `must be one of ${pusherDialects.join(', ')}`,
  ],
  terminate: [(value) => typeof value === 'boolean', 'must be true or false'],
  retiring_key: [isText, 'must be a text'],
  retiring_secret: [isText, 'must be a text'],
};

/** Fields that paths and signatures have unchanged. */
const pusherWords = ['app_id', 'key', 'retiring_key', 'cluster'] as const;

const required = ['tenants', 'app_id', 'key', 'secret'] as const;

function problemsOf(fields: unknown): readonly string[] {
  if (!isJsonObject(fields)) return ['must be an object'];
  const invalid = Object.entries(rules).flatMap(([field, [isValid, problem]]) =>
    Object.hasOwn(fields, field) && !isValid(fields[field]) ? [`${field} ${problem}`] : [],
  );
  const missing = required.filter((field) => !Object.hasOwn(fields, field));
  const pathOnly = Object.hasOwn(fields, 'path') && !Object.hasOwn(fields, 'host');
  const single = Object.hasOwn(fields, 'retiring_key') !== Object.hasOwn(fields, 'retiring_secret');
  return [
    ...missing.map((field) => `has no ${field}`),
    ...invalid,
    ...pusherWords
      .filter((field) => isText(fields[field]) && !isPusherWord(String(fields[field])))
      .map((field) => `${field} ${pusherWordProblem}`),
    // The name is not repeated: it may be a value in the wrong place.
    ...(Object.keys(fields).every((field) => Object.hasOwn(rules, field))
      ? []
      : ['has an unknown field']),
    ...(pathOnly ? ['has a path without a host'] : []),
    ...(single ? ['must have retiring_key and retiring_secret, or neither'] : []),
  ];
}

function appOf(item: Item): TenantsApp {
  const { tenants, encryption_master_key: masterKey, cluster, host, port } = item;
  const path = item.path === undefined ? undefined : normalPath(item.path);
  const { retiring_key: key, retiring_secret: secret } = item;
  return {
    tenants,
    app: {
      appId: item.app_id,
      key: item.key,
      secret: new Secret(item.secret),
      ...(cluster !== undefined && { cluster }),
      ...(host !== undefined && { host: urlHost(host) ?? host }),
      ...(port !== undefined && { port }),
      ...(path !== undefined && { path }),
      tls: item.tls ?? true,
      ...(masterKey !== undefined && { encryptionMasterKey: new Secret(masterKey) }),
      dialect: item.server ?? 'pusher',
      ...(item.terminate !== undefined && { terminates: item.terminate }),
      ...(key !== undefined &&
        secret !== undefined && { retiring: { key, secret: new Secret(secret) } }),
    },
  };
}
