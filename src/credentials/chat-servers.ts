import type { ChatServers } from '../core/chat-servers.ts';
import type { Secret } from '../core/secret.ts';
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
