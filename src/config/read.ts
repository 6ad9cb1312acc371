import type { Setting } from './setting.ts';
import { settings } from './settings.ts';
import { RenewableSecret } from '../runtime/secret.ts';
import type { ReadFiles } from './secret-files.ts';

/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Settings = typeof settings;
export type SettingName = keyof Settings;
type ValueOf<Name extends SettingName> = Settings[Name] extends Setting<infer T> ? T : never;

/** Reads settings from an environment, and collects their problems. */
export interface SettingsReader {
  /** The value, or `undefined` if the setting is missing or invalid. */
  optional<Name extends SettingName>(name: Name): ValueOf<Name> | undefined;
  /** The value. A missing setting is a problem, and then the value must not be used. */
  required<Name extends SettingName>(name: Name): ValueOf<Name>;
  /** False for a default. */
  isSet(name: SettingName): boolean;
  problem(text: string): void;
  /** The settings that are set and were not read: those of modes that are off. */
  unread(): readonly SettingName[];
  readonly problems: readonly string[];
  /** The URLs that were read, by setting. */
  readonly renewable: ReadonlyMap<SettingName, RenewableSecret>;
}

interface ReaderOptions {
  readonly production: boolean;
  /** URLs in use, which replace equal values. */
  readonly inUse?: ReadonlyMap<SettingName, RenewableSecret>;
}

/** Of all settings: a value copied to another setting is public too. */
const developmentSecrets: ReadonlySet<string | undefined> = new Set(
  Object.values<Setting<unknown>>(settings)
    .filter(({ secret }) => secret === true)
    .map(({ development }) => development),
);

/** Problems name the setting, and never have its value. */
export function createSettingsReader(
  { env, problems: unreadable, failed }: ReadFiles,
  { production, inUse }: ReaderOptions,
): SettingsReader {
  const problems: string[] = [...unreadable];
  const renewable = new Map<SettingName, RenewableSecret>();
  const wasRead = new Set<string>();
  const isSet = (name: SettingName): boolean => failed.has(name) || (env[name] ?? '') !== '';

  const optional = <Name extends SettingName>(name: Name): ValueOf<Name> | undefined => {
    wasRead.add(name);
    const setting: Setting<unknown> = settings[name];
    const development = production ? undefined : setting.development;
    // The file of a failed setting is a problem already.
    if (failed.has(name)) return undefined;
    const text = isSet(name) ? env[name] : (setting.fallback ?? development);
    if (text === undefined) return undefined;
    if (production && setting.secret === true && developmentSecrets.has(text)) {
      problems.push(`${name} is the public default of development`);
      return undefined;
    }
    const parsed = setting.parse(text);
    if ('problem' in parsed) {
      problems.push(`${name} ${parsed.problem}`);
      return undefined;
    }
    let { value } = parsed;
    if (value instanceof RenewableSecret) {
      value = inUse?.get(name) ?? value;
      renewable.set(name, value as RenewableSecret);
    }
    // The parser of this setting returned the value, so it has the type of the setting.
    return value as ValueOf<Name>;
  };

  return {
    optional,
    required: (name) => {
      const before = problems.length;
      const value = optional(name);
      if (value === undefined && problems.length === before && !failed.has(name)) {
        problems.push(`${name} is not set`);
      }
      // Never used if it is missing: `loadConfig` throws if there are problems.
      return value as NonNullable<typeof value>;
    },
    isSet,
    problem: (text) => void problems.push(text),
    unread: () =>
      Object.keys(settings).filter(
        (name): name is SettingName => isSet(name as SettingName) && !wasRead.has(name),
      ),
    problems,
    renewable,
  };
}
