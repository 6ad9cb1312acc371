import type { Clock } from '../runtime/timer.ts';
import { createPeers, type Peers } from './peers.ts';
import { createRpc, type Handler } from './rpc.ts';

/** The number of a worker, in its environment. */
export const workerVariable = 'USHER_WORKER';

export interface PrimaryConnection extends Peers {
  /** Notifies the primary process that this worker is listening. */
  readonly reportReady: () => Promise<unknown>;
  /** Ends the connection, so that the process can exit. */
  readonly close: () => void;
}

/** Connects a worker to its primary process, which forked it. Calls `onEnd` when that process has ended. */
export function connectToPrimary(
  self: NodeJS.Process,
  { now, startTimer }: Clock,
  onEnd: () => void,
): PrimaryConnection {
  const handlers = new Map<string, Handler>();
  const rpc = createRpc({
    peer: 'primary process',
    send: (message) => void self.send?.(message, undefined, undefined, () => undefined),
    handler: (method) => handlers.get(method),
    now,
    startTimer,
  });
  self.on('message', rpc.receive);
  self.once('disconnect', () => {
    rpc.close();
    onEnd();
  });
  const peers = createPeers(Number(self.env[workerVariable]), { call: rpc.call, handlers });
  return {
    ...peers,
    reportReady: () => rpc.call('ready'),
    close: () => {
      if (self.connected) self.disconnect();
    },
  };
}
