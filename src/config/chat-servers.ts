import { secretWeakness } from '../authn/weak-secret.ts';
import { Secret } from '../runtime/secret.ts';
import type { SettingsReader } from './read.ts';
import type { Setting } from './setting.ts';

/** A chat server's key id, which stands in the page, and the secret by which it redeems tickets. */
export interface ChatServerKey {
  readonly key: string;
  readonly secret: Secret;
}

/** A pair `key:secret`; the secret may hold colons, and no comma. */
export const chatServerKey = (
  doc: string,
  extras: Pick<Setting<ChatServerKey>, 'development'> = {},
): Setting<ChatServerKey> => ({
  doc,
  parse: (value) => {
    // A header carries no other characters: with one, the right secret would never be accepted.
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

/** How tickets are issued (system C); `lifetime` in milliseconds. */
export interface TicketConfig {
  readonly lifetimeMs: number;
  /** The secret of each chat server, by its key id. */
  readonly chatServers: ReadonlyMap<string, Secret>;
}

/** What the contract promises at most, in milliseconds. */
const maxLifetimeMs = 2 * 60 * 60 * 1000;

/** Reads how tickets are issued, and for which chat servers. */
export function loadTickets(read: SettingsReader): TicketConfig {
  const pairs = read.optional('CHAT_SERVER_KEYS') ?? [];
  const chatServers = new Map(pairs.map(({ key, secret }) => [key, secret]));
  if (chatServers.size < pairs.length) read.problem('CHAT_SERVER_KEYS has a key twice');
  const lifetimeMs = read.required('TICKET_TTL');
  if (lifetimeMs > maxLifetimeMs) read.problem('TICKET_TTL must be 2h at most');
  return { lifetimeMs, chatServers };
}
