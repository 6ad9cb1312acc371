import type { Secret } from '../runtime/secret.ts';

/** The chat servers that may have tickets (system C). */
export interface ChatServers {
  /** True for the key id of one of them. It stands in the page, so knowing it proves nothing. */
  readonly has: (key: string) => boolean;
  /** True when this is the secret of the server with this key id; how long it takes tells nothing of the secret. */
  readonly verify: (key: string, secret: Secret) => boolean;
}
