import leven, { closestMatch } from 'leven';
import type { Environment } from './read.ts';
import { fileSettings } from './secret-files.ts';
import { settings } from './settings.ts';

export interface Misspelt {
  readonly name: string;
  readonly meant: string;
}

const names = [...Object.keys(settings), ...fileSettings.map((name) => `${name}_FILE`)];
const known: ReadonlySet<string> = new Set(names);

/** Prefixes that other software does not use: any variable with one of them is meant for Usher. */
const ownPrefixes = ['GUEST_TOKEN_', 'USER_TOKEN_', 'RATE_LIMIT_', 'CHAT_SERVER_'];

/** Laravel's names of the same settings. With them everything else of an installation works. */
const laravelNames: Readonly<Record<string, string>> = {
  PUSHER_APP_KEY: 'PUSHER_KEY',
  PUSHER_APP_SECRET: 'PUSHER_SECRET',
  PUSHER_APP_CLUSTER: 'PUSHER_CLUSTER',
  PUSHER_SCHEME: 'PUSHER_TLS',
};

/** Variables that Kubernetes and Docker add for a service named `pusher`; those for `usher` differ in one letter. */
const injected = /_(SERVICE_HOST|SERVICE_PORT|PORT_[0-9]+)(_|$)/;

/** The maximum edit distance. With 2 for short names, `HOME` would be a misspelt `HOST`. */
const maxDistance = (setting: string): number => (setting.length < 8 ? 1 : 2);

/** Finds variables that are probably misspelt settings. An unrelated environment has none. */
export function findMisspelt(env: Environment): readonly Misspelt[] {
  return Object.keys(env).flatMap((name) => {
    const meant =
      (env[name] ?? '') === '' || known.has(name) ? undefined : nearestSetting(name, env);
    return meant === undefined ? [] : [{ name, meant }];
  });
}

function nearestSetting(name: string, env: Environment): string | undefined {
  const upper = name.toUpperCase();
  if (known.has(upper)) return upper.length < 8 ? undefined : upper;
  if (injected.test(upper) || upper.startsWith('USHER_')) return undefined;
  const nearest = laravelNames[upper] ?? closestMatch(upper, names);
  if (nearest === undefined) return undefined;
  if (leven(upper, nearest) <= maxDistance(nearest)) return nearest;
  // PUSHER_APP_KEY beside PUSHER_KEY, in one file for Laravel and Usher, is not an error.
  const isMissing =
    upper.startsWith('PUSHER_') &&
    (env[nearest] ?? '') === '' &&
    (env[`${nearest}_FILE`] ?? '') === '';
  return isMissing || ownPrefixes.some((prefix) => upper.startsWith(prefix)) ? nearest : undefined;
}

/** The message repeats the name, never the value. */
export const formatMisspelt = ({ name, meant }: Misspelt): string =>
  `${name} is not a setting of Usher and is ignored; did you mean ${meant}?`;
