import type { SettingName } from './read.ts';
import { readSecretFile } from '../runtime/secret-file.ts';
import { fileFingerprint, type SecretFile } from './secret-files.ts';

/** The content of all files that can be read, and the problems of the others. */
interface Contents {
  readonly texts: ReadonlyMap<SettingName, string>;
  readonly problems: ReadonlyMap<SettingName, string>;
}

/**
 * Creates a function that reads files that have changed, and returns `undefined` if none has. Watching directories would
 * miss changes: Kubernetes replaces the symbolic link of a Secret.
 */
export function watchSecretFiles(
  files: readonly SecretFile[],
): () => Promise<Contents | undefined> {
  const fingerprints = new Map<SettingName, string>();
  const texts = new Map<SettingName, string>();
  const problems = new Map<SettingName, string>();
  return async () => {
    let isChanged = false;
    for (const { setting, path } of files) {
      const fingerprint = await fileFingerprint(path);
      if (fingerprints.get(setting) === fingerprint) continue;
      // A file that changes while it is read has a different fingerprint at the next read.
      fingerprints.set(setting, fingerprint);
      isChanged = true;
      texts.delete(setting);
      problems.delete(setting);
      const read = readSecretFile(path);
      if ('text' in read) texts.set(setting, read.text);
      else problems.set(setting, `${setting}_FILE ${read.problem}`);
    }
    return isChanged ? { texts, problems } : undefined;
  };
}
