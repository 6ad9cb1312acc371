import type { Bench } from './bench.ts';
import type { Job } from './load/job.ts';
import type { Server } from './server.ts';

/** Connections of the proxy in front of all browsers. */
export const stormConnections = 500;

/** Channels per user. */
export const channelsOfUser = 5;

/** One channel per request, or all channels of a user. */
export type StormScenario = 'five-channels' | 'five-channels-batch';

/** Runs a closed loop, so that code is compiled and database connections are open before the measurement. */
export async function warmUp({ client, keys, scale }: Bench, { port }: Server): Promise<void> {
  const scenario = { name: 'user', rows: scale.stormUsers, tokens: 300 } as const;
  const pace = { kind: 'closed', seconds: scale.seconds.closed, maxRequests: Infinity } as const;
  await client.measure({ port, scenario, keys, connections: 32, pace, verifyEvery: 200 });
}

/** Requests of all users at once, each user with a fresh token. */
export function stormJob({ keys, scale }: Bench, { port }: Server, name: StormScenario): Job {
  const requests = scale.stormUsers * (name === 'five-channels' ? channelsOfUser : 1);
  return {
    port,
    scenario: { name, rows: scale.stormUsers, tokens: 'fresh' },
    keys,
    connections: stormConnections,
    pace: { kind: 'drain', requests },
    verifyEvery: 1,
  };
}
