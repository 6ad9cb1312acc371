import type { FastifyBaseLogger } from 'fastify';
import type { StartTimer, StopTimer } from '../runtime/timer.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { closeCodes, type CloseCode } from './close-codes.ts';
import type { Connection } from './connection.ts';

/** What a look at an open connection found: when its credential ends (milliseconds since the epoch), or how to end it now. */
export type RevalidationResult = { readonly expiresAt: number } | { readonly closeCode: CloseCode };

/** Asks again whether somebody may stay; throws `Unavailable` when that could not be found out. */
export type Revalidate = () => Promise<RevalidationResult>;

/** Whom the watch asks. */
export interface RevalidationDeps {
  readonly now: () => number;
  readonly startTimer: StartTimer;
  /** Milliseconds between two looks. */
  readonly recheckIntervalMs: number;
  /** Counts a connection that ends because we could not find out. */
  readonly countUnavailable: (error: Unavailable) => void;
  readonly log: FastifyBaseLogger;
}

/** So many looks in a row may find nothing out: one outage must not throw everybody out, nor a long one keep them in. */
const maxFailures = 3;
/** How long a check may take once the credential has ended, in milliseconds. */
const lastCheckTimeoutMs = 5_000;
/** Node's longest timer, in milliseconds. */
const maxTimerMs = 2_147_483_647;

/**
 * Checks a connection periodically, and when its credential ends: the session may have been renewed. Ends the connection
 * when access or the credential has ended, and when three checks in a row, or the last one, fail.
 */
export function startRevalidation(
  connection: Connection,
  { expiresAt, revalidate }: { readonly expiresAt: number; readonly revalidate: Revalidate },
  deps: RevalidationDeps,
): void {
  const { now, startTimer, recheckIntervalMs, countUnavailable, log } = deps;
  let failures = 0;
  let stops: readonly StopTimer[] = [];
  const cancel = (): void => {
    for (const stop of stops) stop();
  };
  const schedule = (endsAt: number): void => {
    cancel();
    if (!connection.isOpen()) return;
    const remainingMs = endsAt - now();
    if (remainingMs <= 0) {
      connection.close(closeCodes.credentialEnded);
      return;
    }
    const check = startTimer(Math.min(remainingMs, recheckIntervalMs), () => void runCheck(endsAt));
    // A check that never ends must not keep a connection open.
    const deadline = startLongTimer(startTimer, remainingMs + lastCheckTimeoutMs, () => {
      connection.close(closeCodes.unavailable);
    });
    stops = [check, deadline];
  };
  const runCheck = async (endsAt: number): Promise<void> => {
    try {
      const result = await revalidate();
      failures = 0;
      if ('closeCode' in result) connection.close(result.closeCode);
      else schedule(result.expiresAt);
    } catch (error) {
      failures += 1;
      const isUnhandled = !(error instanceof Unavailable);
      log[isUnhandled ? 'error' : 'warn']({ err: error }, 'could not look again at a WebSocket');
      if (isUnhandled) {
        connection.close(closeCodes.unhandledError);
      } else if (failures >= maxFailures || endsAt <= now()) {
        countUnavailable(error);
        connection.close(closeCodes.unavailable);
      }
      schedule(endsAt);
    }
  };
  connection.onClose(cancel);
  schedule(expiresAt);
}

/** A timer of any length. */
function startLongTimer(startTimer: StartTimer, delayMs: number, run: () => void): StopTimer {
  let stop: StopTimer;
  const schedule = (remainingMs: number): void => {
    const stepMs = Math.min(remainingMs, maxTimerMs);
    stop = startTimer(stepMs, () => {
      if (remainingMs > stepMs) schedule(remainingMs - stepMs);
      else run();
    });
  };
  schedule(delayMs);
  return () => {
    stop();
  };
}
