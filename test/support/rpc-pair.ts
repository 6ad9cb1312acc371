import { systemClock } from '../../src/runtime/clock.ts';
import type { Clock } from '../../src/runtime/timer.ts';
import { createRpc, type Handler, type Rpc } from '../../src/workers/rpc.ts';

export interface RpcPair {
  readonly worker: Rpc;
  readonly primary: Rpc;
  /** The number of messages that the worker sent. */
  readonly sent: () => number;
}

/** Two ends of an IPC channel that passes JSON, as that of `node:cluster` does. */
export function createRpcPair(
  handlers: Readonly<Record<string, Handler>>,
  clock: Clock = systemClock,
  workerHandlers: ReadonlyMap<string, Handler> = new Map(),
): RpcPair {
  let sent = 0;
  const copy = (message: object) => JSON.parse(JSON.stringify(message)) as unknown;
  const worker: Rpc = createRpc({
    peer: 'primary process',
    send: (message) => {
      sent += 1;
      primary.receive(copy(message));
    },
    handler: (method) => workerHandlers.get(method),
    ...clock,
  });
  const primary: Rpc = createRpc({
    peer: 'worker 1',
    send: (message) => {
      worker.receive(copy(message));
    },
    handler: (method) => handlers[method],
    ...clock,
  });
  return { worker, primary, sent: () => sent };
}
