import leven, { closestMatch } from 'leven';
import type { Environment } from './read.ts';
import { fileSettings } from './secret-files.ts';
import { settings } from './settings.ts';

export interface Misspelt {
  readonly name: string;
  readonly nearest: string;
}

const names = [...Object.keys(settings), ...fileSettings.map((name) => `${name}_FILE`)];
const known: ReadonlySet<string> = new Set(names);

/** Prefixes that other software does not use: any variable with one of them is meant for Usher. */
const ownPrefixes = ['GUEST_TOKEN_', 'USER_TOKEN_', 'RATE_LIMIT_', 'CHAT_SERVER_'];

/** Laravel's names of the same settings, which its other servers use. */
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
    const nearest =
      (env[name] ?? '') === '' || known.has(name) ? undefined : nearestSetting(name, env);
    return nearest === undefined ? [] : [{ name, nearest }];
  });
}

function nearestSetting(name: string, env: Environment): string | undefined {
  const upper = name.toUpperCase();
  if (known.has(upper)) return upper.length < 8 ? undefined : upper;
  const plural = upper.replace(/Y$/, 'IES');
  if (known.has(plural)) return plural;
  if (injected.test(upper) || upper.startsWith('USHER_')) return undefined;
  const isOwn = ownPrefixes.some((prefix) => upper.startsWith(prefix));
  const isOfPusher = upper.startsWith('PUSHER_');
  // Comparing all variables of an environment with all names took a fifteenth of the processor time of a start.
  const candidates = isOwn || isOfPusher ? names : names.filter((each) => isNear(each, upper));
  const nearest = laravelNames[upper] ?? closestMatch(upper, candidates);
  if (nearest === undefined) return undefined;
  if (isOwn || leven(upper, nearest) <= maxDistance(nearest)) return nearest;
  // PUSHER_APP_KEY beside PUSHER_KEY, in one file for Laravel and Usher, is not an error.
  const isMissing = (env[nearest] ?? '') === '' && (env[`${nearest}_FILE`] ?? '') === '';
  return isOfPusher && isMissing ? nearest : undefined;
}

/** Names whose lengths differ by more than 2 are not compared. */
const isNear = (one: string, other: string): boolean => Math.abs(one.length - other.length) <= 2;

/** The message repeats the name, never the value. */
export const formatMisspelt = ({ name, nearest }: Misspelt): string =>
  `${name} is not a setting of Usher and is ignored; did you mean ${nearest}?`;
