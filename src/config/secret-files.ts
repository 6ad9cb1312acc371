import { stat } from 'node:fs/promises';
import { readSecretFile } from '../runtime/secret-file.ts';
import type { Setting } from './setting.ts';
import { settings } from './settings.ts';

type SettingName = keyof typeof settings;
type Environment = Readonly<Record<string, string | undefined>>;

/** A setting whose value is in a file. */
export interface SecretFile {
  readonly setting: SettingName;
  readonly path: string;
}

/** The settings whose value may be in a file, named by `NAME_FILE`: all secrets, and keys in PEM. */
export const fileSettings: readonly SettingName[] = Object.entries<Setting<unknown>>(
  settings,
).flatMap(([name, { secret, file }]) =>
  secret === true || file === true ? [name as SettingName] : [],
);

export const secretFilesOf = (env: Environment): readonly SecretFile[] =>
  fileSettings.flatMap((setting) => {
    const path = env[`${setting}_FILE`] ?? '';
    return path === '' ? [] : [{ setting, path }];
  });

/** The source of the value of a secret. `path` is that of its file. */
export interface SecretSource {
  readonly setting: SettingName;
  readonly source: 'environment' | 'file' | 'default';
  readonly path?: string;
}

/** The sources of the secrets that are set. */
export const secretSources = (env: Environment): readonly SecretSource[] =>
  fileSettings.flatMap((setting): readonly SecretSource[] => {
    const path = env[`${setting}_FILE`] ?? '';
    if (path !== '') return [{ setting, source: 'file', path }];
    if ((env[setting] ?? '') !== '') return [{ setting, source: 'environment' }];
    const { development }: Setting<unknown> = settings[setting];
    const isDefault = development !== undefined && env['NODE_ENV'] !== 'production';
    return isDefault ? [{ setting, source: 'default' }] : [];
  });

/** Changes when the file, or one to which its symbolic links lead, is replaced or written. */
export async function fileFingerprint(path: string): Promise<string> {
  try {
    const { dev, ino, size, ctimeNs, mtimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, ctimeNs, mtimeNs].join(' ');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown error';
  }
}

/** An environment with the values of its files, and their problems. */
export interface ReadFiles {
  readonly env: Environment;
  readonly problems: readonly string[];
  /** The values in files, by setting. */
  readonly texts: ReadonlyMap<SettingName, string>;
  /** The settings whose files cannot be used. */
  readonly failed: ReadonlySet<string>;
}

/** Adds the values in files to an environment. `texts` has the values that were read before. */
export function withSecretFiles(
  env: Environment,
  texts: ReadonlyMap<string, string> = new Map(),
): ReadFiles {
  const read = new Map<SettingName, string>();
  const problems: string[] = [];
  const failed = new Set<string>();
  for (const { setting, path } of secretFilesOf(env)) {
    const known = texts.get(setting);
    const content = known === undefined ? readSecretFile(path) : { text: known };
    if ((env[setting] ?? '') !== '') {
      problems.push(`${setting} and ${setting}_FILE must not both be set`);
      failed.add(setting);
    } else if ('problem' in content) {
      problems.push(`${setting}_FILE ${content.problem}`);
      failed.add(setting);
    } else {
      read.set(setting, content.text);
    }
  }
  return { env: { ...env, ...Object.fromEntries(read) }, texts: read, problems, failed };
}
