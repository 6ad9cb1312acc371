import type { Handler, Rpc } from './rpc.ts';

/** The workers of one Usher: processes that share its ports (`WORKERS`). A process without workers is the only one. */
export interface Peers {
  /** The number of this worker, from 1; `undefined` if it is the only process. */
  readonly worker: number | undefined;
  /** Sets the handler of a method in this process. */
  readonly handle: (method: string, handler: Handler) => void;
  /** Calls a method in all workers, also in this one. Rejects if one of them does not respond. */
  readonly callAll: (
    method: string,
    options?: { readonly params?: unknown; readonly timeoutMs?: number },
  ) => Promise<readonly unknown[]>;
  /** Calls a method in the other workers, and does not wait. */
  readonly notifyOthers: (method: string, params: unknown) => void;
  /** Calls a method of the primary process; `undefined` if there is none. */
  readonly callPrimary: Rpc['call'] | undefined;
}

/** The peers of a process that is the only one. */
export function createNoPeers(): Peers {
  const handlers = new Map<string, Handler>();
  return {
    worker: undefined,
    handle: (method, handler) => void handlers.set(method, handler),
    callAll: async (method, { params } = {}) => [await handlers.get(method)?.(params)],
    notifyOthers: () => undefined,
    callPrimary: undefined,
  };
}

/** A call that the primary process passes on to workers. */
export interface PassedCall {
  readonly method: string;
  readonly params: unknown;
  /** Whether the worker that sends it gets it too. */
  readonly includesSender: boolean;
  readonly timeoutMs?: number | undefined;
}

/** The peers of a worker. The primary process passes their calls on. */
export function createPeers(
  worker: number,
  { call, handlers }: { readonly call: Rpc['call']; readonly handlers: Map<string, Handler> },
): Peers {
  const pass = (passed: PassedCall): Promise<unknown> => call('pass-on', passed, passed.timeoutMs);
  return {
    worker,
    handle: (method, handler) => void handlers.set(method, handler),
    callAll: async (method, { params, timeoutMs } = {}) =>
      (await pass({ method, params, includesSender: true, timeoutMs })) as readonly unknown[],
    notifyOthers: (method, params) => {
      // A worker that has just ended needs no message.
      pass({ method, params, includesSender: false }).catch(() => undefined);
    },
    callPrimary: call,
  };
}
