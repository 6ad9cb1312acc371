import { secretWeakness } from '../authn/weak-secret.ts';
import { Secret } from '../runtime/secret.ts';
import type { SettingsReader } from './read.ts';
import type { Setting } from './setting.ts';

/** A chat server: the id of its key, which is public, and the secret with which it redeems tickets. */
export interface ChatServerKey {
  readonly key: string;
  readonly secret: Secret;
}

/** A pair `key:secret`. The secret may have colons, but no comma. */
export const chatServerKey = (
  doc: string,
  extras: Pick<Setting<ChatServerKey>, 'development'> = {},
): Setting<ChatServerKey> => ({
  doc,
  parse: (value) => {
    // A header cannot have other characters: with one, the correct secret would never be accepted.
    const [, key, secret] = /^([A-Za-z0-9._-]{1,64}):([\x20-\x7e]+)$/.exec(value) ?? [];
    if (key === undefined || secret === undefined) {
      return { problem: 'must be a key and its secret in ASCII, as in key:secret' };
    }
    const weakness = secretWeakness(secret);
    if (weakness !== undefined) return { problem: `must not have a secret that ${weakness}` };
    return { value: { key, secret: new Secret(secret) } };
  },
  secret: true,
  ...extras,
});

export interface TicketConfig {
  readonly lifetimeMs: number;
  /** The secret of each chat server, by its key id. */
  readonly chatServers: ReadonlyMap<string, Secret>;
}

/** The maximum of the contract. */
const maxLifetimeMs = 2 * 60 * 60 * 1000;

export function loadTickets(read: SettingsReader): TicketConfig {
  const pairs = read.optional('CHAT_SERVER_KEYS') ?? [];
  const chatServers = new Map(pairs.map(({ key, secret }) => [key, secret]));
  if (chatServers.size < pairs.length) read.problem('CHAT_SERVER_KEYS has a duplicate key');
  const lifetimeMs = read.required('TICKET_TTL');
  if (lifetimeMs > maxLifetimeMs) read.problem('TICKET_TTL must be 2h at most');
  return { lifetimeMs, chatServers };
}
