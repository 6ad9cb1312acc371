import { randomUUID } from 'node:crypto';
import { decideChannel, type DecideDeps } from '../../authorize/authorize-channel.ts';
import { buildFacts } from '../../facts/build-facts.ts';
import type { DecideChannel } from '../../cli/policy-test/offline-policy.ts';
import { buildIdentify } from '../authn.ts';
import { withDatabase } from './open-database.ts';
import { createDependencies } from '../../observability/dependencies.ts';
import { createCacheStats } from '../../observability/metrics/cache-stats.ts';
import { channelRegistry } from '../../policy/channels/index.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Config } from '../../config/load.ts';
import { createPusherApps } from '../../pusher/apps.ts';
import { createSigner } from '../../pusher/sign.ts';
import { createGuestSessions } from '../../database/repositories/guest-sessions.ts';
import { createRevocations } from '../../database/repositories/revocations.ts';

/**
 * Runs `use` with a function that decides as the service does: with the same facts, but without writing to the audit
 * log. Throws `Unavailable` and `StartRefused`.
 */
export function withPolicy<T>(
  config: Config,
  use: (decide: DecideChannel) => Promise<T>,
): Promise<T> {
  return withDatabase(config, async (database) => {
    const { now } = systemClock;
    const sessions = createGuestSessions(database);
    const unused = { dependencies: createDependencies(), tokenLookups: createCacheStats() };
    const { identify, closeHosts } = buildIdentify(config, { sessions, now, ...unused });
    const { encrypts } = createSigner(createPusherApps(config.pusher, config.tenantsApps));
    const deps: DecideDeps = {
      ...{ identify, encrypts, channels: channelRegistry, now, newId: randomUUID },
      find: buildFacts(database).find,
      revocations: createRevocations(database),
    };
    try {
      return await use((request) => decideChannel(request, deps));
    } finally {
      await closeHosts();
    }
  });
}
