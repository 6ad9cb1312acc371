import { percentile } from '../statistics.ts';
import type { RawResponse } from './connection.ts';
import type { Job, Measured } from './job.ts';
import type { PreparedRequest } from './request.ts';
import { faultOf } from './verify.ts';

/** Keeps account of the answers of one measurement. */
export interface Tally {
  readonly start: () => void;
  /** Takes the answer to a request that was meant to be sent at that moment (`performance.now()`). */
  readonly take: (response: RawResponse, request: PreparedRequest, intended: number) => void;
  readonly countReconnect: () => void;
  readonly finish: () => Measured;
}

/** Creates the account; bodies are looked at only when the measurement is over. */
export function createTally({ keys, verifyEvery }: Pick<Job, 'keys' | 'verifyEvery'>): Tally {
  const latencies: number[] = [];
  const samples: { readonly body: string; readonly request: PreparedRequest }[] = [];
  const faults: string[] = [];
  let reconnects = 0;
  let started = 0;
  let last = 0;
  let cpu = process.cpuUsage();
  return {
    start: () => {
      started = performance.now();
      cpu = process.cpuUsage();
    },
    take: (response, request, intended) => {
      last = performance.now();
      const { status, limited } = request.expected;
      if (response.status !== status && response.status !== limited) {
        faults.push(`status ${response.status}: ${response.body().slice(0, 200)}`);
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
        const fault = faultOf(body, request.expected, keys);
        if (fault !== undefined) faults.push(fault);
      }
      latencies.sort((a, b) => a - b);
      return {
        responses: latencies.length,
        elapsed,
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
        wrong: faults.length,
        firstWrong: faults[0],
        verified: samples.length,
        reconnects,
        clientBusy: (user + system) / 1000 / elapsed,
      };
    },
  };
}
