import type { Secret } from '../runtime/secret.ts';

/** The chat servers for which tickets are issued (system C). */
export interface ChatServers {
  /** True for a configured key id. Pages contain it, so it does not authenticate a server. */
  readonly has: (key: string) => boolean;
  /** True if the secret belongs to this key id. Compares in constant time. */
  readonly verify: (key: string, secret: Secret) => boolean;
}
