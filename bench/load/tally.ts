import { percentile } from '../statistics.ts';
import type { RawResponse } from './connection.ts';
import type { Job, Measured } from './job.ts';
import type { PreparedRequest } from './request.ts';
import { findError } from './verify.ts';

/** Records the responses of one measurement. */
export interface Tally {
  readonly start: () => void;
  /** Records a response. `intended` is the planned time of its request (`performance.now()`). */
  readonly record: (response: RawResponse, request: PreparedRequest, intended: number) => void;
  readonly countReconnect: () => void;
  readonly finish: () => Measured;
}

/** Creates an empty tally. Bodies are verified by `finish`, so that this does not slow down the measurement. */
export function createTally({ keys, verifyEvery }: Pick<Job, 'keys' | 'verifyEvery'>): Tally {
  const latencies: number[] = [];
  const samples: { readonly body: string; readonly request: PreparedRequest }[] = [];
  const errors: string[] = [];
  let reconnects = 0;
  let started = 0;
  let last = 0;
  let cpu = process.cpuUsage();
  return {
    start: () => {
      started = performance.now();
      cpu = process.cpuUsage();
    },
    record: (response, request, intended) => {
      last = performance.now();
      const { status, limited } = request.expected;
      if (response.status !== status && response.status !== limited) {
        errors.push(`status ${response.status}: ${response.body().slice(0, 200)}`);
      } else if (latencies.length % verifyEvery === 0) {
        samples.push({ body: response.body(), request });
      }
      latencies.push(last - intended);
    },
    countReconnect: () => (reconnects += 1),
    finish: () => {
      const { user, system } = process.cpuUsage(cpu);
      const elapsed = last - started;
      for (const { body, request } of samples) {
        const error = findError(body, request.expected, keys);
        if (error !== undefined) errors.push(error);
      }
      latencies.sort((a, b) => a - b);
      return {
        responses: latencies.length,
        elapsed,
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
        wrong: errors.length,
        firstWrong: errors[0],
        verified: samples.length,
        reconnects,
        clientBusy: (user + system) / 1000 / elapsed,
      };
    },
  };
}
