import type { Bench } from './bench.ts';
import type { Job } from './load/job.ts';
import type { Server } from './server.ts';

/** Connections of the proxy that all browsers come through. */
export const stormConnections = 500;

/** Channels that the page of each user opens. */
export const channelsOfUser = 5;

/** One channel a request, or all of a user. */
export type StormScenario = 'five-channels' | 'five-channels-batch';

/** An Usher that has been at work before has compiled its code, and opened its connections to the database. */
export async function warmUp({ client, keys, scale }: Bench, { port }: Server): Promise<void> {
  const scenario = { name: 'user', rows: scale.stormUsers, tokens: 300 } as const;
  const pace = { kind: 'closed', seconds: scale.seconds.closed, most: Infinity } as const;
  await client.measure({ port, scenario, keys, connections: 32, pace, verifyEvery: 200 });
}

/** All users at once, each with a token that was never seen before. */
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
