import { createNoPeers } from '../../src/workers/peers.ts';
import { createMetrics } from '../../src/observability/metrics/metrics.ts';
import { RowRefused, Unavailable } from '../../src/runtime/unavailable.ts';

/** The metrics for Prometheus after every counted event has occurred. */
export async function readEveryMetric(): Promise<string> {
  const metrics = createMetrics(createNoPeers());
  const decision = { family: 'private-announcements', code: 'not-allowed' } as const;
  metrics.decisions.countDecision({ ...decision, outcome: 'refusal' } as never);
  metrics.countMessage('1');
  metrics.countWebhook('taken');
  metrics.decisions.countDuration('subscribe', 1);
  metrics.observeOccupancy(() => new Map([['1', { channels: 1, members: 1 }]]));
  metrics.observeTokenCache({ hits: 0, misses: 0 });
  metrics.observeFactCache({ hits: 0, misses: 0 });
  metrics.decisions.countDropped();
  metrics.decisions.observeQueue(() => 0);
  await metrics.decisions.measured(() => Promise.resolve([]))([]);
  for (const fault of [new Unavailable('database'), new RowRefused(false)]) {
    await metrics.decisions
      .measured(() => Promise.reject(fault))([])
      .catch(() => undefined);
  }
  metrics.load.countLimitExceeded('failures');
  metrics.load.countShed();
  metrics.load.countUnwritten('credential-missing');
  metrics.load.observeLocal(() => false);
  metrics.load.observeQueue({ queued: () => 0, lent: () => 0 });
  const host = metrics.measureApplication('session introspection');
  host.observe({ queued: () => 0, inFlight: () => 0 });
  host.startWait()();
  host.start()('success');
  host.countUnsent('queue-full');
  metrics.measureFact('order')('found');
  metrics.countShadow('private-announcements', 'agreed');
  metrics.observeSecretFiles(['OPS_TOKEN'], () => new Map());
  metrics.observePolicy(() => ({ hash: '0123456789abcdef', hasFailed: false }));
  metrics.traffic.observeOpen(() => new Map([['1', 1]]));
  for (const start of Object.values(metrics.traffic.measureTraffic('1'))) start()();
  const database = new Map([['database', true]]);
  metrics.dependencies.observe({ names: () => new Set(database.keys()), states: () => database });
  return (await metrics.read()).text;
}
