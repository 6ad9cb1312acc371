import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
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

/** The maximum size of a file, in bytes. `PUSHER_APPS` may have thousands of apps. */
const maxBytes = 1024 * 1024;

export const secretFilesOf = (env: Environment): readonly SecretFile[] =>
  fileSettings.flatMap((setting) => {
    const path = env[`${setting}_FILE`] ?? '';
    return path === '' ? [] : [{ setting, path }];
  });

/** Where the value of a secret comes from. `path` is that of its file. */
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

type ReadText = { readonly text: string } | { readonly problem: string };

/**
 * Reads a file without the line break at its end. A problem follows the name `NAME_FILE`, and has no path: somebody may
 * have put the secret itself there.
 */
export function readSecretFile(path: string): ReadText {
  let file: number | undefined;
  try {
    // A pipe without a writer would otherwise block the process.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size } = fstatSync(file);
    if (!fstatSync(file).isFile())
      return { problem: 'must name a file, not a directory or a pipe' };
    if (size > maxBytes) return { problem: `names a file of more than ${maxBytes} bytes` };
    return textOf(readFileSync(file));
  } catch (error) {
    return { problem: problemOf((error as NodeJS.ErrnoException).code) };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function textOf(bytes: Buffer): ReadText {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
    if (text === '') return { problem: 'names an empty file' };
    return text.includes('\0') ? { problem: 'names a file that is not text' } : { text };
  } catch {
    return { problem: 'names a file that is not text in UTF-8' };
  }
}

function problemOf(code = 'unknown error'): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return `names a file that does not exist (${code})`;
  if (code === 'EACCES' || code === 'EPERM')
    return `names a file that Usher may not read (${code})`;
  return `names a file that cannot be read (${code})`;
}

/** Changes when the file, or one to which its symbolic links lead, is replaced or written. */
export async function fingerprintOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, ctimeNs, mtimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, ctimeNs, mtimeNs].join(' ');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown error';
  }
}

/** An environment with the values of its files, and what is wrong with them. */
export interface ReadFiles {
  readonly env: Environment;
  readonly problems: readonly string[];
  /** The values in files, by setting. */
  readonly texts: ReadonlyMap<SettingName, string>;
  /** The settings whose files cannot be used. */
  readonly failed: ReadonlySet<string>;
}

/** Adds the values in files to an environment. `texts` has those that are known already. */
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
