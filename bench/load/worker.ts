import { openConnection } from './connection.ts';
import type { PreparedRequest } from './request.ts';
import type { Supply } from './supply.ts';
import type { Tally } from './tally.ts';

/** A request, and when it was meant to be sent (`performance.now()`). */
export interface Work {
  readonly request: PreparedRequest;
  readonly intended: number;
}

/** A connection that carries one request after the other. */
export interface Worker {
  /** Sends it; the worker must be free. */
  readonly give: (work: Work) => void;
  readonly close: () => void;
}

export interface WorkerOptions {
  readonly port: number;
  readonly tally: Tally;
  /** The answer is here, and counted. */
  readonly onFree: (worker: Worker) => void;
  /** The connection is gone, and with it this work, if any was under way. */
  readonly onBroken: (lost: Work | undefined) => void;
}

/** Opens a worker, free at once. */
export function openWorker({ port, tally, onFree, onBroken }: WorkerOptions): Worker {
  let current: Work | undefined;
  const connection = openConnection({
    port,
    onResponse: (response) => {
      if (current === undefined) throw new Error('An answer that nobody asked for');
      tally.take(response, current.request, current.intended);
      current = undefined;
      onFree(worker);
    },
    onBroken: () => {
      onBroken(current);
    },
  });
  const worker: Worker = {
    give: (work) => {
      current = work;
      connection.send(work.request.bytes);
    },
    close: connection.close,
  };
  return worker;
}

/** What each way of asking is given. */
export interface Means {
  readonly port: number;
  readonly connections: number;
  readonly supply: Supply;
  readonly tally: Tally;
}
