import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ApplicationStats } from '../../application/application-client.ts';

/** In seconds. A request may be queued for 45 seconds, and the application may send no response for ten. */
const durations = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45];

const outcomes = [
  'success',
  'invalid',
  'failed',
  'timeout',
  'queue-full',
  'waited-too-long',
  'unresponsive',
];

/** Measures the requests to the application with this name; several clients may share a name. */
export type MeasureApplication = (dependency: string) => ApplicationStats;

type Read = Parameters<ApplicationStats['observe']>[0];

export function createApplicationMetrics(registry: Registry): MeasureApplication {
  const registers = [registry];
  const labelNames = ['dependency'];
  const requests = new Counter({
    name: 'usher_host_requests_total',
    help: 'Requests to a server of the application over HTTP, by outcome: success; invalid, failed, timeout; not sent because of queue-full, waited-too-long, unresponsive.',
    labelNames: ['dependency', 'outcome'],
    registers,
  });
  const waited = new Histogram({
    name: 'usher_host_request_queue_seconds',
    help: 'Time of requests to a server of the application in the queue.',
    labelNames,
    registers,
    buckets: durations,
  });
  const took = new Histogram({
    name: 'usher_host_request_duration_seconds',
    help: 'Time of requests to a server of the application, from sending to the end of the response.',
    labelNames,
    registers,
    buckets: durations,
  });
  const clients: { readonly dependency: string; readonly read: Read }[] = [];
  const addGauge = (name: string, help: string, value: keyof Read) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { dependency, read } of clients) this.inc({ dependency }, read[value]());
      },
    });
  addGauge(
    'usher_host_requests_queued',
    'Requests to a server of the application in the queue.',
    'queued',
  );
  addGauge(
    'usher_host_requests_in_flight',
    'Requests to a server of the application that were sent and have no response yet.',
    'inFlight',
  );
  return (dependency) => ({
    observe: (read) => {
      clients.push({ dependency, read });
      // Initialized with 0: Prometheus detects no increase from a missing series to 1.
      for (const outcome of outcomes) requests.inc({ dependency, outcome }, 0);
    },
    startWait: () => {
      const end = waited.startTimer({ dependency });
      return () => void end();
    },
    start: () => {
      const end = took.startTimer({ dependency });
      return (outcome) => {
        end();
        requests.inc({ dependency, outcome });
      };
    },
    countUnsent: (outcome) => {
      requests.inc({ dependency, outcome });
    },
  });
}
