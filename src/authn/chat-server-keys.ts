import type { Secret } from '../runtime/secret.ts';
import type { ChatServers } from './chat-servers.ts';
import { sameText } from './constant-time.ts';

/** Makes `ChatServers` out of the configured pairs of key id and secret. */
export function createChatServers(secrets: ReadonlyMap<string, Secret>): ChatServers {
  return {
    knows: (key) => secrets.has(key),
    accepts: (key, secret) => {
      const expected = secrets.get(key);
      return expected !== undefined && sameText(secret.reveal(), expected.reveal());
    },
  };
}
