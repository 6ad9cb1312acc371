import type { Deduplicate, DeduplicationLease } from '../pusher/webhooks/deduplicate.ts';
import { createLruMap } from '../runtime/caches.ts';
import type { Handler, Rpc } from './rpc.ts';

/** Over this number the oldest leases are evicted. A lease lasts 30 s. */
const maxLeases = 20_000;

interface Finish {
  readonly lease: string;
  readonly until: number;
}

/** The methods with which workers deduplicate tasks in the primary process. */
export function deduplicateHandlers(begin: Deduplicate): Readonly<Record<string, Handler>> {
  const leases = createLruMap<DeduplicationLease>(maxLeases);
  let lastId = 0;
  const take = (id: string): DeduplicationLease | undefined => {
    const lease = leases.peek(id);
    leases.delete(id);
    return lease;
  };
  return {
    'deduplicate.begin': async (text) => {
      const lease = await begin(text as string);
      if (typeof lease === 'string') return lease;
      lastId += 1;
      leases.set(String(lastId), lease);
      return { lease: String(lastId) };
    },
    'deduplicate.finish': (finish) => {
      const { lease, until } = finish as Finish;
      return take(lease)?.finish(until);
    },
    'deduplicate.release': (lease) => take(lease as string)?.release(),
  };
}

/** Creates the deduplication of a worker, which is that of the primary process. */
export function createPrimaryDeduplicate(call: Rpc['call']): Deduplicate {
  return async (text) => {
    const result = (await call('deduplicate.begin', text)) as
      { readonly lease: string } | 'under-way' | 'done';
    if (typeof result === 'string') return result;
    const { lease } = result;
    return {
      finish: async (until) => {
        await call('deduplicate.finish', { lease, until } satisfies Finish);
      },
      release: async () => {
        await call('deduplicate.release', lease);
      },
    };
  };
}
