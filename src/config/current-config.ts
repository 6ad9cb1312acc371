import { ConfigurationError, type Config } from './load.ts';
import type { SettingName } from './read.ts';
import {
  createSecretRotation,
  type PartBuilder,
  type SecretRotation,
  type CurrentAndPrevious,
} from './secret-rotation.ts';
import { watchSecretFiles } from './watch-secret-files.ts';

/** The configuration of a process, whose secrets in files may change. */
export interface CurrentConfig {
  /** Builds something from a part of the configuration, and builds it again when a secret of that part changes. */
  readonly build: <Part, T>(builder: PartBuilder<Config, Part, T>) => CurrentAndPrevious<T>;
  /** Reads changed files. If a file cannot be used, its last valid secret stays in use. Never throws. */
  readonly reload: () => Promise<void>;
  /** Why files cannot be used, by setting. */
  readonly failures: () => ReadonlyMap<SettingName, string>;
  /** The settings whose values are in files. */
  readonly settings: readonly SettingName[];
  readonly close: () => Promise<void>;
}

interface CurrentConfigDeps {
  readonly now: () => number;
  readonly onChanged: (settings: readonly SettingName[]) => void;
  readonly onFailed: (setting: SettingName, problem: string) => void;
}

type Texts = ReadonlyMap<SettingName, string>;

/** Starts with a loaded configuration. */
export function openCurrentConfig(
  first: Config,
  { now, onChanged, onFailed }: CurrentConfigDeps,
): CurrentConfig {
  const { files = [], texts: firstTexts = new Map<SettingName, string>() } =
    first.secretFiles ?? {};
  const watch = watchSecretFiles(files);
  const rotations: SecretRotation<Config>[] = [];
  let used: Texts = firstTexts;
  let failures: ReadonlyMap<SettingName, string> = new Map();

  /** Puts texts into use, and returns the settings whose texts cannot be used, with their problems. */
  const takeChanged = (texts: Texts): ReadonlyMap<SettingName, string> => {
    const changed = [...texts].filter(([setting, text]) => used.get(setting) !== text);
    if (changed.length === 0) return new Map();
    const attempt = (pairs: typeof changed): string | undefined => {
      const candidate = new Map([...used, ...pairs]);
      const problem = problemOf(() => {
        take(first, candidate, rotations);
      });
      if (problem === undefined) used = candidate;
      return problem;
    };
    // Each on its own, so that one invalid text does not block the others.
    const groups = attempt(changed) === undefined ? [] : changed;
    const problems = groups.flatMap((pair): readonly (readonly [SettingName, string])[] => {
      const problem = attempt([pair]);
      return problem === undefined ? [] : [[pair[0], problem]];
    });
    const failed = new Map(problems);
    const taken = changed.map(([setting]) => setting).filter((setting) => !failed.has(setting));
    if (taken.length > 0) onChanged(taken);
    return failed;
  };

  const reloadNow = async (): Promise<void> => {
    await Promise.all(rotations.map((rotation) => rotation.expire()));
    const read = await watch();
    if (read === undefined) return;
    const found = new Map([...takeChanged(read.texts), ...read.problems]);
    const before = failures;
    failures = found;
    for (const [setting, problem] of found) {
      if (before.get(setting) !== problem) onFailed(setting, problem);
    }
  };
  // One reload at a time.
  let pending: Promise<void> = Promise.resolve();
  return {
    build: (builder) => {
      const { versions, rotation } = createSecretRotation(first, builder, now);
      rotations.push(rotation);
      return versions;
    },
    reload: () => (pending = pending.then(reloadNow)),
    failures: () => failures,
    settings: files.map(({ setting }) => setting),
    close: async () => {
      await pending;
      await Promise.all(rotations.map((rotation) => rotation.close()));
    },
  };
}

/** Throws, and changes nothing, if the texts are not valid. */
function take(first: Config, texts: Texts, rotations: readonly SecretRotation<Config>[]): void {
  const reload = first.secretFiles?.reload;
  if (reload === undefined) return;
  const candidate = reload({ texts });
  const { renewable } = first;
  for (const [name, secret] of renewable) {
    const next = candidate.renewable.get(name);
    if (next !== undefined && driverOf(next.reveal()) !== driverOf(secret.reveal())) {
      throw new ConfigurationError([`${name} must not change its scheme without a restart`]);
    }
  }
  // The URLs stay the same objects, because connections use them.
  const config = reload({ texts, inUse: renewable });
  const changes = rotations.map((rotation) => rotation.prepare(config));
  for (const [name, secret] of renewable) {
    secret.renew((candidate.renewable.get(name) ?? secret).reveal());
  }
  for (const change of changes) change?.();
}

/** The first letters of a scheme: `postgres` and `postgresql` have one driver, and `mysql` and `mariadb` another. */
const driverOf = (url: string): string =>
  /^postgres/.test(url) ? 'postgres' : (/^redis/.exec(url)?.[0] ?? 'other');

function problemOf(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    // Other errors name settings too, and no values; see `createPusherApps`.
    return error instanceof ConfigurationError ? error.problems.join('; ') : 'cannot be used';
  }
}
