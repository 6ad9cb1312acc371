import type { HeldRevocation } from '../authorize/revocation/revocation.ts';
import { startListening, type Listener } from '../database/notifications/listener.ts';
import type { Surroundings } from './deps.ts';

/** Hears what any replica changed, and does here what follows from it. */
export function hearChanges(around: Omit<Surroundings, 'closing'>): Listener {
  const { storage, stores, live, log } = around;
  const revoked = (revocation: HeldRevocation): void => {
    const connections = live.end(revocation);
    if (connections > 0) log.info({ connections }, 'WebSockets ended by a revocation');
  };
  return startListening({
    ...around,
    url: storage.databaseUrl,
    onChange: revoked,
    catchUp: async (milliseconds) => {
      for (const each of await stores.revocations.within(milliseconds)) revoked(each);
    },
  });
}
