import type { Secret } from '../runtime/secret.ts';
import { equalsConstantTime } from './constant-time.ts';

/** The chat servers for which tickets are issued. */
export interface ChatServers {
  /** True for a configured key id. Pages contain it, so it does not authenticate a server. */
  readonly has: (key: string) => boolean;
  /** True if the secret belongs to this key id. Compares in constant time. */
  readonly verify: (key: string, secret: Secret) => boolean;
}

/** Creates `ChatServers` of the current secrets and of previous ones that are still accepted. */
export function chatServersWithPrevious(versions: {
  readonly all: readonly ChatServers[];
}): ChatServers {
  return {
    has: (key) => versions.all.some((servers) => servers.has(key)),
    verify: (key, secret) => versions.all.some((servers) => servers.verify(key, secret)),
  };
}

/** Creates `ChatServers` from the configured pairs of key id and secret. */
export function createChatServers(secrets: ReadonlyMap<string, Secret>): ChatServers {
  return {
    has: (key) => secrets.has(key),
    verify: (key, secret) => {
      const expected = secrets.get(key);
      return expected !== undefined && equalsConstantTime(secret.reveal(), expected.reveal());
    },
  };
}
