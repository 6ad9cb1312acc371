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
  const workers = new Workers(deps);
  workers.startAll();
  return {
    ready: workers.ready,
    signal: (signal) => {
      workers.signal(signal);
    },
    stop: () => workers.stop(),
  };
}

class Workers {
  readonly ready: Promise<void>;
  readonly #deps: SupervisorDeps;
  readonly #running = new Map<number, Running>();
  readonly #timers = new Set<StopTimer>();
  readonly #delays = new Map<number, number>();
  #state: 'starting' | 'running' | 'stopping' = 'starting';
  #onReady: () => void = () => undefined;
  #onFailed: (error: WorkerEnded) => void = () => undefined;
  #onEmpty: () => void = () => undefined;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onFailed = reject;
    });
  }

  startAll(): void {
    for (let number = 1; number <= this.#deps.count; number += 1) this.#start(number);
  }

  signal(name: NodeJS.Signals): void {
    for (const { worker } of this.#running.values()) worker.process.kill(name);
  }

  async stop(): Promise<void> {
    this.#state = 'stopping';
    for (const stopTimer of this.#timers) stopTimer();
    if (this.#running.size === 0) return;
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    this.signal('SIGTERM');
    await empty;
  }

  #start(number: number): void {
    const { fork, now, startTimer } = this.#deps;
    const worker = fork(number);
    const methods = this.#methodsFor(number);
    const rpc = createRpc({
      peer: `worker ${number}`,
      send: (message) => void worker.send(message, () => undefined),
      handler: (method) => methods.get(method),
      now,
      startTimer,
    });
    this.#running.set(number, { worker, rpc, startedAt: now(), isReady: false });
    worker.on('message', rpc.receive);
    // An error of `send` or of the fork is followed by `exit`.
    worker.on('error', () => undefined);
    worker.once('exit', (code, signal) => {
      this.#workerExited(number, { code, signal });
    });
  }

  #methodsFor(number: number): ReadonlyMap<string, Handler> {
    const ready: Handler = () => {
      this.#workerReady(number);
    };
    const passOn: Handler = (passed) => this.#passOn(passed as PassedCall, number);
    return new Map([...this.#deps.handlers, ['ready', ready], ['pass-on', passOn]]);
  }

  #workerReady(number: number): void {
    const entry = this.#running.get(number);
    if (entry !== undefined) entry.isReady = true;
    const all = [...this.#running.values()];
    if (all.length < this.#deps.count || !all.every(({ isReady }) => isReady)) return;
    if (this.#state === 'starting') this.#state = 'running';
    this.#onReady();
  }

  #passOn({ method, params, includesSender, timeoutMs }: PassedCall, sender: number) {
    return Promise.all(
      [...this.#running]
        .filter(([number, { isReady }]) => isReady && (includesSender || number !== sender))
        .map(([, { rpc }]) => rpc.call(method, params, timeoutMs)),
    );
  }

  #workerExited(number: number, how: { code: number | null; signal: string | null }): void {
    const ended = this.#running.get(number);
    this.#running.delete(number);
    ended?.rpc.close();
    if (this.#running.size === 0) this.#onEmpty();
    if (this.#state === 'stopping') return;
    this.#deps.log.error({ worker: number, ...how }, 'a worker ended');
    if (this.#state === 'starting') this.#onFailed(new WorkerEnded(number, how.code ?? 1));
    else this.#restart(number, ended);
  }

  #restart(number: number, ended: Running | undefined): void {
    const { now, startTimer } = this.#deps;
    const lived = now() - (ended?.startedAt ?? now());
    const before = lived < stableMs ? (this.#delays.get(number) ?? 0) : 0;
    this.#delays.set(number, Math.min(maxDelayMs, Math.max(firstDelayMs, before * 2)));
    const stopTimer = startTimer(before, () => {
      this.#timers.delete(stopTimer);
      this.#start(number);
    });
    this.#timers.add(stopTimer);
  }
}
