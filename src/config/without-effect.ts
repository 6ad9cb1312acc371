import type { Policy } from '../policy/policy.ts';
import type { Config } from './load.ts';
import type { SettingName } from './read.ts';

/** Settings that have no effect, and the settings that they need. */
interface WithoutEffect {
  readonly settings: readonly SettingName[];
  readonly without: string;
}

/** The first prefix that fits decides. Without one, as for `DATA_DIR` of the image, a setting without effect is no mistake. */
const modes = [
  ['DJANGO_', 'SESSION_MODE=django'],
  ['LARAVEL_REDIS_', 'SESSION_MODE=laravel and LARAVEL_SESSION_DRIVER=redis'],
  ['LARAVEL_', 'SESSION_MODE=laravel'],
  ['SESSION_INTROSPECTION_', 'SESSION_MODE=introspect'],
  ['SESSION_COOKIE', 'SESSION_MODE'],
  ['SANCTUM_', 'SANCTUM_DATABASE_URL'],
  ['PASSPORT_', 'PASSPORT_DATABASE_URL'],
  ['INTROSPECTION_', 'INTROSPECTION_URL'],
] as const;

/** Finds settings of modes that are off, unless the policy reads the variable of that name. */
export function findWithoutEffect(
  { unread }: Pick<Config, 'unread'>,
  policy: Pick<Policy, 'sources' | 'issuers'>,
): readonly WithoutEffect[] {
  const used = variablesOf(policy);
  const groups = new Map<string, SettingName[]>();
  for (const name of unread) {
    const without = modes.find(([prefix]) => name.startsWith(prefix))?.[1];
    if (without === undefined || used.has(name)) continue;
    groups.set(without, [...(groups.get(without) ?? []), name]);
  }
  return [...groups].map(([without, settings]) => ({ settings, without }));
}

/** The variables of the URLs, tokens and keys of a policy. */
function variablesOf({
  sources,
  issuers,
}: Pick<Policy, 'sources' | 'issuers'>): ReadonlySet<string> {
  const places = [
    ...[...sources.values()].flatMap(({ url, token }) => [url, token]),
    ...[...issuers.values()].map(({ tokens }) =>
      tokens && 'place' in tokens.keys ? tokens.keys.place : undefined,
    ),
  ];
  return new Set(places.flatMap((place) => (place && 'env' in place ? [place.env] : [])));
}

export const formatWithoutEffect = ({ settings, without }: WithoutEffect): string =>
  `${settings.join(', ')} ${settings.length === 1 ? 'has' : 'have'} no effect without ${without}`;
