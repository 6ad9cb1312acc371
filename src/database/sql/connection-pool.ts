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

/** Connections to one server that share its requests. */
interface ConnectionPool<Request, Result> {
  readonly execute: (request: Request) => Promise<Result>;
  /** Waits for the requests in flight, and closes the connections. */
  readonly close: () => Promise<void>;
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
const comfortable = 4;

/**
 * Creates connections as requests need them. A server that restarts ends all of them, so a request is sent again when its
 * connection breaks. It fails if a connection that was opened after that breaks as well.
 */
export function createConnectionPool<Request, Result>(
  settings: PoolSettings,
  { open, now, startTimer }: PoolDeps<Request, Result>,
): ConnectionPool<Request, Result> {
  type Item = PendingRequest<Request, Result>;
  const { maxConnections, timeoutMs, idleMs } = settings;
  const connections = new Set<PooledConnection<Request, Result>>();
  const pending = new Set<Item>();
  let queue: Item[] = [];
  let opening = 0;
  let opened = 0;
  let isClosed = false;
  let stopIdle: (() => void) | undefined;
  let onEmpty: (() => void) | undefined;

  const settle = (item: Item): boolean => {
    if (!pending.delete(item)) return false;
    item.stopTimer();
    if (pending.size === 0) onEmpty?.();
    return true;
  };
  const fail = (item: Item, error: unknown): void => {
    if (settle(item)) item.reject(error);
  };
  const failQueued = (error: unknown): void => {
    const failed = queue;
    queue = [];
    for (const item of failed) fail(item, error);
  };

  const drop = (open: PooledConnection<Request, Result>): void => {
    connections.delete(open);
    open.connection.destroy();
  };

  const onTimeout = (item: Item): void => {
    const { connection } = item;
    queue = queue.filter((each) => each !== item);
    fail(item, new NoResponse('unresponsive'));
    // Its result would still come before those of later requests.
    if (connection !== undefined && connections.has(connection)) drop(connection);
    dispatch();
  };

  const run = (item: Item, open: PooledConnection<Request, Result>): void => {
    item.connection = open;
    open.busy += 1;
    open.connection.run(item.request).then(
      (result) => {
        if (settle(item)) item.resolve(result);
        release(open);
      },
      (error: unknown) => {
        if (error instanceof ServerError) fail(item, error);
        else {
          drop(open);
          repeat(item, open, error);
        }
        release(open);
      },
    );
  };
  const repeat = (
    item: Item,
    { number }: PooledConnection<Request, Result>,
    error: unknown,
  ): void => {
    item.openedBefore ??= opened;
    if (number > item.openedBefore || !pending.has(item)) {
      fail(item, error);
      return;
    }
    item.connection = undefined;
    queue.unshift(item);
  };
  const release = (open: PooledConnection<Request, Result>): void => {
    open.busy -= 1;
    open.lastUsed = now();
    dispatch();
  };

  const openConnection = (): void => {
    opening += 1;
    open().then(
      (connection) => {
        opening -= 1;
        if (isClosed && pending.size === 0) {
          connection.destroy();
          return;
        }
        opened += 1;
        connections.add({ connection, number: opened, busy: 0, lastUsed: now() });
        closeIdle();
        dispatch();
      },
      (error: unknown) => {
        opening -= 1;
        if (connections.size === 0) failQueued(error);
      },
    );
  };

  const leastBusy = (): PooledConnection<Request, Result> | undefined => {
    let found: PooledConnection<Request, Result> | undefined;
    for (const each of connections) {
      if (each.busy < each.connection.capacity && (found === undefined || each.busy < found.busy)) {
        found = each;
      }
    }
    return found;
  };

  const dispatch = (): void => {
    while (queue.length > 0) {
      const free = leastBusy();
      const isCrowded = free === undefined || free.busy >= comfortable;
      // One at a time: a server that is down would get an attempt for each request.
      if (isCrowded && opening === 0 && connections.size < maxConnections) openConnection();
      if (free === undefined) return;
      const item = queue.shift();
      if (item !== undefined) run(item, free);
    }
  };

  /** A connection that is idle for long may be lost without a sign, and the first request on it would wait in vain. */
  const closeIdle = (): void => {
    stopIdle ??= startTimer(idleMs, () => {
      stopIdle = undefined;
      for (const each of connections) {
        if (each.busy === 0 && now() - each.lastUsed >= idleMs) drop(each);
      }
      if (connections.size > 0) closeIdle();
    });
  };

  return {
    execute: (request) =>
      new Promise((resolve, reject) => {
        if (isClosed) {
          reject(new Error('The source was removed from the policy'));
          return;
        }
        const item: Item = {
          ...{ request, resolve, reject },
          ...{ connection: undefined, openedBefore: undefined, stopTimer: () => undefined },
        };
        item.stopTimer = startTimer(timeoutMs, () => {
          onTimeout(item);
        });
        pending.add(item);
        queue.push(item);
        dispatch();
      }),
    close: async () => {
      isClosed = true;
      if (pending.size > 0) await new Promise<void>((resolve) => (onEmpty = resolve));
      stopIdle?.();
      for (const each of connections) drop(each);
    },
  };
}
