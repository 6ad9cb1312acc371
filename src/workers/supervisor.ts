import type { Worker } from 'node:cluster';
import type { Clock, StopTimer } from '../runtime/timer.ts';
import type { PassedCall } from './peers.ts';
import { createRpc, type Handler, type Rpc } from './rpc.ts';

interface SupervisorDeps extends Clock {
  readonly count: number;
  /** Forks a worker with this number, from 1. */
  readonly fork: (number: number) => Worker;
  /** The methods of the primary process. */
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly log: { readonly error: (about: object, message: string) => void };
}

export interface Supervisor {
  /** Resolves when all workers listen. Rejects with `WorkerEnded` if one ends before that. */
  readonly ready: Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Sends SIGTERM to all workers and waits for them. A worker bounds its own shutdown. */
  readonly stop: () => Promise<void>;
}

/** A worker ended while Usher started. The worker has written the reason. */
export class WorkerEnded extends Error {
  override readonly name = 'WorkerEnded';

  constructor(
    readonly worker: number,
    readonly exitCode: number,
  ) {
    super(`Worker ${worker} ended while it started.`);
  }
}

/** A worker that ended sooner than this after its start is started again with a delay, in milliseconds. */
const stableMs = 10_000;
const firstDelayMs = 1_000;
const maxDelayMs = 30_000;

interface Running {
  readonly worker: Worker;
  readonly rpc: Rpc;
  readonly startedAt: number;
  isReady: boolean;
}

/** Starts the workers, and starts those again that end. */
export function startSupervisor(deps: SupervisorDeps): Supervisor {
  const { count, fork, now, startTimer, log } = deps;
  const running = new Map<number, Running>();
  const timers = new Set<StopTimer>();
  const delays = new Map<number, number>();
  let state: 'starting' | 'running' | 'stopping' = 'starting';
  let onEmpty: (() => void) | undefined;
  let settleReady: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const ready = new Promise<void>((resolve, reject) => (settleReady = { resolve, reject }));

  const start = (number: number): void => {
    const worker = fork(number);
    const methods = methodsFor(number);
    const rpc = createRpc({
      peer: `worker ${number}`,
      send: (message) => void worker.send(message, () => undefined),
      handler: (method) => methods.get(method),
      now,
      startTimer,
    });
    running.set(number, { worker, rpc, startedAt: now(), isReady: false });
    worker.on('message', rpc.receive);
    // An error of `send` or of the fork is followed by `exit`.
    worker.on('error', () => undefined);
    worker.once('exit', (code, signal) => {
      onExit(number, { code, signal });
    });
  };

  const methodsFor = (number: number): ReadonlyMap<string, Handler> =>
    new Map<string, Handler>([
      ...deps.handlers,
      [
        'ready',
        () => {
          onReady(number);
        },
      ],
      ['pass-on', (passed) => passOn(passed as PassedCall, number)],
    ]);
  const onReady = (number: number): void => {
    const entry = running.get(number);
    if (entry !== undefined) entry.isReady = true;
    const all = [...running.values()];
    if (all.length === count && all.every(({ isReady }) => isReady)) {
      if (state === 'starting') state = 'running';
      settleReady?.resolve();
    }
  };
  const passOn = ({ method, params, includesSender, timeoutMs }: PassedCall, sender: number) =>
    Promise.all(
      [...running]
        .filter(([number, { isReady }]) => isReady && (includesSender || number !== sender))
        .map(([, { rpc }]) => rpc.call(method, params, timeoutMs)),
    );

  const onExit = (number: number, how: { code: number | null; signal: string | null }): void => {
    const ended = running.get(number);
    running.delete(number);
    ended?.rpc.close();
    if (running.size === 0) onEmpty?.();
    if (state === 'stopping') return;
    log.error({ worker: number, ...how }, 'a worker ended');
    if (state === 'starting') settleReady?.reject(new WorkerEnded(number, how.code ?? 1));
    else restart(number, ended);
  };

  const restart = (number: number, ended: Running | undefined): void => {
    const lived = now() - (ended?.startedAt ?? now());
    const before = lived < stableMs ? (delays.get(number) ?? 0) : 0;
    delays.set(number, Math.min(maxDelayMs, Math.max(firstDelayMs, before * 2)));
    const stopTimer = startTimer(before, () => {
      timers.delete(stopTimer);
      start(number);
    });
    timers.add(stopTimer);
  };

  const signal = (name: NodeJS.Signals): void => {
    for (const { worker } of running.values()) worker.process.kill(name);
  };
  for (let number = 1; number <= count; number += 1) start(number);
  return {
    ready,
    signal,
    stop: async () => {
      state = 'stopping';
      for (const stopTimer of timers) stopTimer();
      if (running.size === 0) return;
      const empty = new Promise<void>((resolve) => (onEmpty = resolve));
      signal('SIGTERM');
      await empty;
    },
  };
}
