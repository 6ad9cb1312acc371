import { openConnection } from './connection.ts';
import type { PreparedRequest } from './request.ts';
import type { Supply } from './supply.ts';
import type { Tally } from './tally.ts';

/** A request and its planned time (`performance.now()`). */
export interface Work {
  readonly request: PreparedRequest;
  readonly intended: number;
}

/** A connection that sends one request at a time. */
export interface Worker {
  /** Sends a request. The worker must be free. */
  readonly send: (work: Work) => void;
  readonly close: () => void;
}

export interface WorkerOptions {
  readonly port: number;
  readonly tally: Tally;
  /** Called after a response was recorded. */
  readonly onFree: (worker: Worker) => void;
  /** Called if the connection broke, with the open request, if any. */
  readonly onBroken: (lost: Work | undefined) => void;
}

/** Opens a worker, which is free immediately. */
export function openWorker({ port, tally, onFree, onBroken }: WorkerOptions): Worker {
  let current: Work | undefined;
  const connection = openConnection({
    port,
    onResponse: (response) => {
      if (current === undefined) throw new Error('A response without a request');
      tally.record(response, current.request, current.intended);
      current = undefined;
      onFree(worker);
    },
    onBroken: () => {
      onBroken(current);
    },
  });
  const worker: Worker = {
    send: (work) => {
      current = work;
      connection.send(work.request.bytes);
    },
    close: connection.close,
  };
  return worker;
}

/** Options of the three loops. */
export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly supply: Supply;
  readonly tally: Tally;
}
