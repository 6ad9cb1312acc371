import { Client } from 'pg';
import type { Secret } from '../../runtime/secret.ts';
import type { Clock, StartTimer, StopTimer } from '../../runtime/timer.ts';
import { databaseUnavailable } from '../errors.ts';
import { serversOf } from '../servers.ts';
import { setUpSession } from '../session.ts';
import { changesChannel, parseChange, type RevocationChange } from './notification.ts';

interface ListenerDeps extends Clock {
  readonly url: Secret;
  /** Called for each change in the order of commits, possibly more than once. It must not throw. */
  readonly onChange: (change: RevocationChange) => void;
  /**
   * Processes changes of the last `periodMs` milliseconds that may have been missed. Called after each connect.
   * `isListening` is false until it resolves. If it throws, the listener reconnects.
   */
  readonly catchUp: (periodMs: number) => Promise<void>;
  readonly log: { readonly warn: (about: object, message: string) => void };
}

/** The connection on which this process receives the changes of all replicas. */
export interface Listener {
  /**
   * True while no change can be missed for longer than two heartbeats. After that time a frozen server counts as lost.
   */
  readonly isListening: () => boolean;
  readonly stop: () => Promise<void>;
}

const heartbeatMs = 1_500;
const connectTimeoutMs = 3_000;
const firstRetryMs = 100;
const maxRetryMs = 5_000;

/** Listens, and reconnects after a lost connection. */
export function startListening(deps: ListenerDeps): Listener {
  const { now, startTimer, catchUp, log } = deps;
  const servers = serversOf(deps.url);
  let listening = false;
  let session: Session | undefined;
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => {
      resolve();
    });
  });

  const run = async (): Promise<void> => {
    let lastResponseAt = now();
    let retry = firstRetryMs;
    let failedInARow = 0;
    while (!isStopping()) {
      const url = servers.current();
      session = openSession(url, deps);
      const { lost } = session;
      try {
        await session.start();
        await Promise.race([catchUp(now() - lastResponseAt), lost]);
        listening = true;
        retry = firstRetryMs;
        failedInARow = 0;
        for (;;) {
          lastResponseAt = now();
          await delay(heartbeatMs, lost, startTimer);
          await session.ping(heartbeatMs);
        }
      } catch (error) {
        const wasListening = listening;
        listening = false;
        session.destroy();
        if (isStopping()) return;
        servers.markFailed(url);
        if (!wasListening) failedInARow += 1;
        // A standby in the list is no outage: the next server may be the primary.
        if (failedInARow % servers.count !== 0) continue;
        log.warn(
          { err: databaseUnavailable(error) },
          'connection for change notifications lost; reconnecting',
        );
      }
      await delay(retry, stopped, startTimer);
      retry = Math.min(retry * 2, maxRetryMs);
    }
  };
  const running = run();
  return {
    isListening: () => listening,
    stop: async () => {
      stopping.abort();
      session?.destroy();
      await running;
    },
  };
}

interface Session {
  /** Rejects when the connection is lost or destroyed. */
  readonly lost: Promise<never>;
  readonly start: () => Promise<void>;
  /**
   * Resolves when the server replies. Without a reply within this number of milliseconds the connection counts as lost.
   */
  readonly ping: (milliseconds: number) => Promise<void>;
  readonly destroy: () => void;
}

function openSession(url: string, { onChange, startTimer }: ListenerDeps): Session {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: connectTimeoutMs,
    keepAlive: true,
    application_name: 'usher changes',
  });
  let lose: (error: Error) => void = () => undefined;
  const lost = new Promise<never>((_resolve, reject) => {
    lose = reject;
  });
  // Prevents an unhandled rejection; the next ping rejects with the same error.
  lost.catch(() => undefined);
  client.on('error', lose);
  client.on('end', () => {
    lose(new Error('Connection terminated'));
  });
  client.on('notification', ({ payload = '' }) => {
    const change = parseChange(payload);
    if (change !== undefined) onChange(change);
  });
  const begin = async (): Promise<void> => {
    await client.connect();
    await setUpSession(client, {});
    await client.query(`LISTEN ${changesChannel}`);
  };
  const probe = (milliseconds: number) => {
    const stop = startTimer(milliseconds, () => {
      lose(new Error('Query read timeout'));
    });
    return client.query('SELECT').finally(stop);
  };
  return {
    lost,
    start: () => Promise.race([begin(), lost]),
    ping: async (milliseconds) => {
      await Promise.race([probe(milliseconds), lost]);
    },
    destroy: () => {
      lose(new Error('Connection terminated'));
      // Skips the closing handshake, to which a frozen server would never reply.
      client.connection.stream.destroy();
    },
  };
}

/** Waits this number of milliseconds, or until the interruption settles. Throws the error of the interruption. */
async function delay(
  milliseconds: number,
  interruption: Promise<unknown>,
  startTimer: StartTimer,
): Promise<void> {
  let stop: StopTimer = () => undefined;
  const over = new Promise<void>((resolve) => {
    stop = startTimer(milliseconds, resolve);
  });
  await Promise.race([over, interruption]).finally(() => {
    stop();
  });
}
