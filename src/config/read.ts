import type { Setting } from './setting.ts';
import { settings } from './settings.ts';

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Settings = typeof settings;
export type SettingName = keyof Settings;
type ValueOf<Name extends SettingName> = Settings[Name] extends Setting<infer T> ? T : never;

/** Reads settings from an environment and collects what is wrong with them. */
export interface SettingsReader {
  /** The setting's value, or `undefined` where it is not set or wrong. */
  optional<Name extends SettingName>(name: Name): ValueOf<Name> | undefined;
  /** The same for one that must be there; where it is not, that is a problem and the value stands for nothing. */
  required<Name extends SettingName>(name: Name): ValueOf<Name>;
  /** True when the operator set it, rather than a default. */
  isSet(name: SettingName): boolean;
  problem(text: string): void;
  readonly problems: readonly string[];
}

/** Of all settings: one that was copied to another name is as well known. */
const developmentSecrets: ReadonlySet<string | undefined> = new Set(
  Object.values<Setting<unknown>>(settings)
    .filter(({ secret }) => secret === true)
    .map(({ development }) => development),
);

/** Creates a reader of the settings; problems name the setting and never its value. */
export function createSettingsReader(env: Environment, production: boolean): SettingsReader {
  const problems: string[] = [];
  const isSet = (name: SettingName): boolean => (env[name] ?? '') !== '';

  const optional = <Name extends SettingName>(name: Name): ValueOf<Name> | undefined => {
    const setting: Setting<unknown> = settings[name];
    const convenience = production ? undefined : setting.development;
    const text = isSet(name) ? env[name] : (setting.fallback ?? convenience);
    if (text === undefined) return undefined;
    if (production && setting.secret === true && developmentSecrets.has(text)) {
      problems.push(`${name} is the one for development, which everybody can read`);
      return undefined;
    }
    const parsed = setting.parse(text);
    if ('problem' in parsed) {
      problems.push(`${name} ${parsed.problem}`);
      return undefined;
    }
    // The declaration under this name made the value, so it has the declaration's type.
    return parsed.value as ValueOf<Name>;
  };

  return {
    optional,
    required: (name) => {
      const before = problems.length;
      const value = optional(name);
      if (value === undefined && problems.length === before) problems.push(`${name} is not set`);
      // Whoever reads it never gets to use it: `loadConfig` throws when there are problems.
      return value as NonNullable<typeof value>;
    },
    isSet,
    problem: (text) => void problems.push(text),
    problems,
  };
}
