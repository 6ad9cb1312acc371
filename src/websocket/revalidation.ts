import type { FastifyBaseLogger } from 'fastify';
import type { StartTimer, StopTimer } from '../runtime/timer.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { endings, type Ending } from './close-codes.ts';
import type { Connection } from './connection.ts';

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
/** How long a check may take once the credential has ended, in milliseconds. */
const lastLookTime = 5_000;
/** Node's longest timer, in milliseconds. */
const longestTimer = 2_147_483_647;

/**
 * Checks a connection periodically, and when its credential ends: the session may have been renewed. Ends the connection
 * when access or the credential has ended, and when three checks in a row, or the last one, fail.
 */
export function keepWatch(
  connection: Connection,
  { expiresAt, recheck }: { readonly expiresAt: number; readonly recheck: Recheck },
  ports: WatchPorts,
): void {
  const { now, startTimer, recheckInterval, countUnavailable, log } = ports;
  let failures = 0;
  let stops: readonly StopTimer[] = [];
  const disarm = (): void => {
    for (const stop of stops) stop();
  };
  const arm = (end: number): void => {
    disarm();
    if (!connection.isOpen()) return;
    const left = end - now();
    if (left <= 0) {
      connection.end(endings.credentialEnded);
      return;
    }
    const look = startTimer(Math.min(left, recheckInterval), () => void lookAgain(end));
    // A check that never ends must not keep a connection open.
    const limit = startLongTimer(startTimer, left + lastLookTime, () => {
      connection.end(endings.unavailable);
    });
    stops = [look, limit];
  };
  const lookAgain = async (end: number): Promise<void> => {
    try {
      const verdict = await recheck();
      failures = 0;
      if ('ending' in verdict) connection.end(verdict.ending);
      else arm(verdict.expiresAt);
    } catch (error) {
      failures += 1;
      const isBug = !(error instanceof Unavailable);
      log[isBug ? 'error' : 'warn']({ err: error }, 'could not look again at a WebSocket');
      if (isBug) {
        connection.end(endings.bug);
      } else if (failures >= mostFailures || end <= now()) {
        countUnavailable(error);
        connection.end(endings.unavailable);
      }
      arm(end);
    }
  };
  connection.onEnd(disarm);
  arm(expiresAt);
}

/** A timer of any length. */
function startLongTimer(startTimer: StartTimer, milliseconds: number, run: () => void): StopTimer {
  let stop: StopTimer;
  const arm = (left: number): void => {
    const step = Math.min(left, longestTimer);
    stop = startTimer(step, () => {
      if (left > step) arm(left - step);
      else run();
    });
  };
  arm(milliseconds);
  return () => {
    stop();
  };
}
