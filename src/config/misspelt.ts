import leven, { closestMatch } from 'leven';
import type { Environment } from './read.ts';
import { settings } from './settings.ts';

/** A variable of the environment that is no setting, and the setting that was probably meant. */
export interface Misspelt {
  readonly name: string;
  readonly meant: string;
}

const names = Object.keys(settings);

/** Beginnings that no other software of a usual environment uses: what begins like this and is no setting was meant for us. */
const ownPrefixes = ['GUEST_TOKEN_', 'USER_TOKEN_', 'RATE_LIMIT_', 'CHAT_SERVER_'];

/** Laravel's names for the same things; with them set, everything else of an installation works. */
const laravelNames: Readonly<Record<string, string>> = {
  PUSHER_APP_KEY: 'PUSHER_KEY',
  PUSHER_APP_SECRET: 'PUSHER_SECRET',
  PUSHER_APP_CLUSTER: 'PUSHER_CLUSTER',
  PUSHER_SCHEME: 'PUSHER_TLS',
};

/** What Kubernetes and Docker add for a service named `pusher`; for one named `usher` that is one letter away from ours. */
const injected = /_(SERVICE_HOST|SERVICE_PORT|PORT_[0-9]+)(_|$)/;

/** Letters that may differ. With four letters, `HOME` would be taken for `HOST`. */
const maxDistance = (setting: string): number => (setting.length < 8 ? 1 : 2);

/** Finds variables that look like settings and are not. An unrelated environment has none. */
export function findMisspelt(env: Environment): readonly Misspelt[] {
  return Object.keys(env).flatMap((name) => {
    const meant =
      (env[name] ?? '') === '' || Object.hasOwn(settings, name)
        ? undefined
        : nearestSetting(name, env);
    return meant === undefined ? [] : [{ name, meant }];
  });
}

function nearestSetting(name: string, env: Environment): string | undefined {
  const upper = name.toUpperCase();
  if (Object.hasOwn(settings, upper)) return upper.length < 8 ? undefined : upper;
  if (injected.test(upper) || upper.startsWith('USHER_')) return undefined;
  const nearest = laravelNames[upper] ?? closestMatch(upper, names);
  if (nearest === undefined) return undefined;
  if (leven(upper, nearest) <= maxDistance(nearest)) return nearest;
  // PUSHER_APP_KEY beside PUSHER_KEY, in one file for Laravel and Usher, is no mistake.
  const isMissing = upper.startsWith('PUSHER_') && (env[nearest] ?? '') === '';
  return isMissing || ownPrefixes.some((prefix) => upper.startsWith(prefix)) ? nearest : undefined;
}

/** A sentence for the operator; it repeats the name and not the value. */
export const formatMisspelt = ({ name, meant }: Misspelt): string =>
  `${name} is not a setting of Usher and is ignored; did you mean ${meant}?`;
