import type { Secret } from '../runtime/secret.ts';
import type { ChatServers } from './chat-servers.ts';
import { equalsConstantTime } from './constant-time.ts';

/** Creates `ChatServers` of the current secrets and of previous ones that are still accepted. */
export function createRenewedChatServers(all: () => readonly ChatServers[]): ChatServers {
  return {
    has: (key) => all().some((servers) => servers.has(key)),
    verify: (key, secret) => all().some((servers) => servers.verify(key, secret)),
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
