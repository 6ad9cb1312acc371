import type { StartTimer, StopTimer } from '../runtime/timer.ts';
import { Unavailable } from '../runtime/unavailable.ts';

/** Handles one method. The parameters and the result are values of JSON. */
export type Handler = (params: unknown) => unknown;

/** Calls methods of the process at the other end of an IPC channel. */
export interface Rpc {
  /**
   * Rejects with `Unavailable` if there is no response within `timeoutMs` (3 s by default) and at most 3 s more, and with
   * `Error` if the method failed.
   */
  readonly call: (method: string, params?: unknown, timeoutMs?: number) => Promise<unknown>;
  /** Handles a message of the other process. */
  readonly receive: (message: unknown) => void;
  /** Rejects all pending calls: the other process has ended. */
  readonly close: () => void;
}

interface RpcDeps {
  /** The name of the other process in errors. */
  readonly peer: string;
  readonly send: (message: object) => void;
  readonly handler: (method: string) => Handler | undefined;
  readonly now: () => number;
  readonly startTimer: StartTimer;
}

type Call = readonly [id: number, method: string, params: unknown];

interface Result {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
  /** The dependency that was unavailable. */
  readonly unavailable?: string;
}

interface Pending {
  readonly until: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Most methods read memory only: if one takes longer, its process does not run. */
const defaultTimeoutMs = 3_000;
const checkIntervalMs = 3_000;

/** Creates one end. Messages of one turn of the event loop are sent as one, since a message costs more than its content. */
export function createRpc({ peer, send, handler, now, startTimer }: RpcDeps): Rpc {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let calls: Call[] = [];
  let results: Result[] = [];
  let stopTimer: StopTimer | undefined;

  const flush = (): void => {
    const batch = { calls, results };
    calls = [];
    results = [];
    send(batch);
  };
  const schedule = (): void => {
    if (calls.length + results.length === 1) setImmediate(flush);
  };
  /** One timer for all calls: a timer for each would cost more than the call. */
  const watchTimeouts = (): void => {
    stopTimer ??= startTimer(checkIntervalMs, () => {
      stopTimer = undefined;
      const time = now();
      for (const [id, { until }] of pending) if (until <= time) fail(id, new Unavailable(peer));
      if (pending.size > 0) watchTimeouts();
    });
  };
  const fail = (id: number, error: Error): void => {
    pending.get(id)?.reject(error);
    pending.delete(id);
  };

  const respond = async ([id, method, params]: Call): Promise<void> => {
    try {
      const run = handler(method);
      if (run === undefined) throw new Error(`no method ${method}`);
      const value = await run(params);
      results.push({ id, value });
    } catch (error) {
      if (error instanceof Unavailable) results.push({ id, unavailable: error.dependency });
      else results.push({ id, error: error instanceof Error ? error.message : String(error) });
    }
    schedule();
  };
  const settle = ({ id, value, error, unavailable }: Result): void => {
    if (unavailable !== undefined) fail(id, new Unavailable(unavailable));
    if (error !== undefined) fail(id, new Error(`${peer}: ${error}`));
    pending.get(id)?.resolve(value);
    pending.delete(id);
  };

  return {
    call: (method, params, timeoutMs = defaultTimeoutMs) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        pending.set(lastId, { until: now() + timeoutMs, resolve, reject });
        calls.push([lastId, method, params]);
        schedule();
        watchTimeouts();
      }),
    receive: (message) => {
      // Each end is this program: other messages are those of `node:cluster`.
      const { calls: received = [], results: settled = [] } = message as {
        readonly calls?: readonly Call[];
        readonly results?: readonly Result[];
      };
      settled.forEach(settle);
      for (const call of received) void respond(call);
    },
    close: () => {
      stopTimer?.();
      for (const id of [...pending.keys()]) fail(id, new Unavailable(peer));
    },
  };
}
