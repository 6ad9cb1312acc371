import type { FastifyBaseLogger } from 'fastify';
import type { StartTimer, StopTimer } from '../core/timer.ts';
import { Unavailable } from '../core/unavailable.ts';
import type { Connection } from './connection.ts';
import { endings, type Ending } from './endings.ts';

/** What a look at an open connection found: when its credential ends (milliseconds since the epoch), or how to end it now. */
export type Verdict = { readonly expiresAt: number } | { readonly ending: Ending };

/** Asks again whether somebody may stay; throws `Unavailable` when that could not be found out. */
export type Recheck = () => Promise<Verdict>;

/** Whom the watch asks. */
export interface WatchPorts {
  readonly now: () => number;
  readonly startTimer: StartTimer;
  /** Milliseconds between two looks. */
  readonly recheckInterval: number;
  /** Counts a connection that ends because we could not find out. */
  readonly countUnavailable: (error: Unavailable) => void;
  readonly log: FastifyBaseLogger;
}

/** So many looks in a row may find nothing out: one outage must not throw everybody out, nor a long one keep them in. */
const mostFailures = 3;
/** Node's longest timer, in milliseconds. */
const longestTimer = 2_147_483_647;

/** Ends the connection when its credential ends, and when a look says so or three in a row could not tell. */
export function keepWatch(
  connection: Connection,
  { expiresAt, recheck }: { readonly expiresAt: number; readonly recheck: Recheck },
  ports: WatchPorts,
): void {
  watchRights(connection, recheck, {
    ...ports,
    onExpiry: watchExpiry(connection, expiresAt, ports),
  });
}

/** Gives what moves the end. */
function watchExpiry(
  connection: Connection,
  expiresAt: number,
  { now, startTimer }: WatchPorts,
): (expiresAt: number) => void {
  let stop: StopTimer = () => undefined;
  const arm = (end: number): void => {
    stop();
    if (!connection.isOpen()) return;
    const left = end - now();
    if (left <= 0) {
      connection.end(endings.credentialEnded);
      return;
    }
    stop = startTimer(Math.min(left, longestTimer), () => {
      arm(end);
    });
  };
  connection.onEnd(() => {
    stop();
  });
  arm(expiresAt);
  return arm;
}

function watchRights(
  connection: Connection,
  recheck: Recheck,
  ports: WatchPorts & { readonly onExpiry: (expiresAt: number) => void },
): void {
  let failures = 0;
  let stop: StopTimer = () => undefined;
  const look = async (): Promise<void> => {
    try {
      const verdict = await recheck();
      failures = 0;
      if ('ending' in verdict) connection.end(verdict.ending);
      else ports.onExpiry(verdict.expiresAt);
    } catch (error) {
      failures += 1;
      const isBug = !(error instanceof Unavailable);
      ports.log[isBug ? 'error' : 'warn']({ err: error }, 'could not look again at a WebSocket');
      if (isBug) {
        connection.end(endings.bug);
      } else if (failures >= mostFailures) {
        ports.countUnavailable(error);
        connection.end(endings.unavailable);
      }
    }
    arm();
  };
  const arm = (): void => {
    if (connection.isOpen()) stop = ports.startTimer(ports.recheckInterval, () => void look());
  };
  connection.onEnd(() => {
    stop();
  });
  arm();
}
