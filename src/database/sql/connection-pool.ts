import { NoResponse } from '../../runtime/request-queue.ts';
import type { StartTimer } from '../../runtime/timer.ts';

/** One connection, which executes requests. */
export interface PoolConnection<Request, Result> {
  /** The maximum number of requests in flight. */
  readonly capacity: number;
  /** Rejects with `ServerError` if the server responded, and with any other error if the connection is lost. */
  readonly run: (request: Request) => Promise<Result>;
  /** Closes the connection without waiting for the server. */
  readonly destroy: () => void;
}

/** The server responded with an error. The connection can be used again. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
}

export interface PoolSettings {
  readonly maxConnections: number;
  /** The time of a request, in the queue and at the server. */
  readonly timeoutMs: number;
  /** A connection without a request is closed after this time, in milliseconds. */
  readonly idleMs: number;
}

interface PoolDeps<Request, Result> {
  readonly open: () => Promise<PoolConnection<Request, Result>>;
  readonly now: () => number;
  readonly startTimer: StartTimer;
}

interface PendingRequest<Request, Result> {
  readonly request: Request;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  /** The connection on which it is under way. */
  connection: PooledConnection<Request, Result> | undefined;
  /** The number of connections that had been opened when one broke during this request. */
  openedBefore: number | undefined;
  stopTimer: () => void;
}

interface PooledConnection<Request, Result> {
  readonly connection: PoolConnection<Request, Result>;
  /** From 1, in the order in which connections were opened. */
  readonly number: number;
  busy: number;
  lastUsed: number;
}

/** Another connection is opened if each has this number of requests in flight. */
const busyThreshold = 4;

/**
 * Connections to one server that share its requests, opened as requests need them. A server that restarts ends all of them, so a
 * request is sent again when its connection breaks. It fails if a connection that was opened after that breaks as well.
 */
export class ConnectionPool<Request, Result> {
  readonly #settings: PoolSettings;
  readonly #deps: PoolDeps<Request, Result>;
  readonly #connections = new Set<PooledConnection<Request, Result>>();
  /** The requests without a result, in the queue or on a connection. */
  readonly #pending = new Set<PendingRequest<Request, Result>>();
  #queue: PendingRequest<Request, Result>[] = [];
  #opening = 0;
  #opened = 0;
  #isClosed = false;
  #stopIdle: (() => void) | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(settings: PoolSettings, deps: PoolDeps<Request, Result>) {
    this.#settings = settings;
    this.#deps = deps;
  }

  execute(request: Request): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error('The source was removed from the policy'));
        return;
      }
      const item: PendingRequest<Request, Result> = {
        request,
        resolve,
        reject,
        connection: undefined,
        openedBefore: undefined,
        stopTimer: () => undefined,
      };
      item.stopTimer = this.#deps.startTimer(this.#settings.timeoutMs, () => {
        this.#onTimeout(item);
      });
      this.#pending.add(item);
      this.#queue.push(item);
      this.#dispatch();
    });
  }

  /** Waits for the requests in flight, and closes the connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#pending.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    this.#stopIdle?.();
    for (const each of this.#connections) this.#drop(each);
  }

  /** Sends queued requests, and opens a connection if those that are open have many. */
  #dispatch(): void {
    while (this.#queue.length > 0) {
      const free = this.#leastBusy();
      const isBusy = free === undefined || free.busy >= busyThreshold;
      const mayOpen = this.#connections.size < this.#settings.maxConnections;
      // One at a time: a server that is down would get an attempt for each request.
      if (isBusy && this.#opening === 0 && mayOpen) this.#open();
      if (free === undefined) return;
      const item = this.#queue.shift();
      if (item !== undefined) this.#run(item, free);
    }
  }

  #leastBusy(): PooledConnection<Request, Result> | undefined {
    let found: PooledConnection<Request, Result> | undefined;
    for (const each of this.#connections) {
      if (each.busy < each.connection.capacity && (found === undefined || each.busy < found.busy)) {
        found = each;
      }
    }
    return found;
  }

  #open(): void {
    this.#opening += 1;
    this.#deps.open().then(
      (connection) => {
        this.#opening -= 1;
        if (this.#isClosed && this.#pending.size === 0) {
          connection.destroy();
          return;
        }
        this.#opened += 1;
        const lastUsed = this.#deps.now();
        this.#connections.add({ connection, number: this.#opened, busy: 0, lastUsed });
        this.#closeIdle();
        this.#dispatch();
      },
      (error: unknown) => {
        this.#opening -= 1;
        if (this.#connections.size === 0) this.#failQueued(error);
      },
    );
  }

  #run(item: PendingRequest<Request, Result>, open: PooledConnection<Request, Result>): void {
    item.connection = open;
    open.busy += 1;
    open.connection.run(item.request).then(
      (result) => {
        if (this.#settle(item)) item.resolve(result);
        this.#release(open);
      },
      (error: unknown) => {
        if (error instanceof ServerError) this.#fail(item, error);
        else {
          this.#drop(open);
          this.#repeat(item, open.number, error);
        }
        this.#release(open);
      },
    );
  }

  /** Queues a request again whose connection with this number broke. */
  #repeat(item: PendingRequest<Request, Result>, number: number, error: unknown): void {
    item.openedBefore ??= this.#opened;
    if (number > item.openedBefore || !this.#pending.has(item)) {
      this.#fail(item, error);
      return;
    }
    item.connection = undefined;
    this.#queue.unshift(item);
  }

  #release(open: PooledConnection<Request, Result>): void {
    open.busy -= 1;
    open.lastUsed = this.#deps.now();
    this.#dispatch();
  }

  #onTimeout(item: PendingRequest<Request, Result>): void {
    const { connection } = item;
    this.#queue = this.#queue.filter((each) => each !== item);
    this.#fail(item, new NoResponse('unresponsive'));
    // Its result would still come before those of later requests.
    if (connection !== undefined && this.#connections.has(connection)) this.#drop(connection);
    this.#dispatch();
  }

  #settle(item: PendingRequest<Request, Result>): boolean {
    if (!this.#pending.delete(item)) return false;
    item.stopTimer();
    if (this.#pending.size === 0) this.#onEmpty?.();
    return true;
  }

  #fail(item: PendingRequest<Request, Result>, error: unknown): void {
    if (this.#settle(item)) item.reject(error);
  }

  #failQueued(error: unknown): void {
    const failed = this.#queue;
    this.#queue = [];
    for (const item of failed) this.#fail(item, error);
  }

  #drop(open: PooledConnection<Request, Result>): void {
    this.#connections.delete(open);
    open.connection.destroy();
  }

  /** A connection that is idle for long may be lost without a sign, and the first request on it would wait until its timeout. */
  #closeIdle(): void {
    const { idleMs } = this.#settings;
    this.#stopIdle ??= this.#deps.startTimer(idleMs, () => {
      this.#stopIdle = undefined;
      for (const each of this.#connections) {
        if (each.busy === 0 && this.#deps.now() - each.lastUsed >= idleMs) this.#drop(each);
      }
      if (this.#connections.size > 0) this.#closeIdle();
    });
  }
}
