import type { StoredRevocation } from '../authorize/revocation/revocation.ts';
import { startListening, type Listener } from '../database/notifications/listener.ts';
import type { Surroundings } from './deps.ts';

/** Hears what any replica changed, and does here what follows from it. */
export function listenForChanges(deps: Omit<Surroundings, 'closing'>): Listener {
  const { storage, stores, live, log } = deps;
  const onRevocation = (revocation: StoredRevocation): void => {
    const connections = live.close(revocation);
    if (connections > 0) log.info({ connections }, 'WebSockets ended by a revocation');
  };
  return startListening({
    ...deps,
    url: storage.databaseUrl,
    onChange: onRevocation,
    catchUp: async (milliseconds) => {
      for (const each of await stores.revocations.within(milliseconds)) onRevocation(each);
    },
  });
}
