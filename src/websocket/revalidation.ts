import type { FastifyBaseLogger } from 'fastify';
import type { StartTimer, StopTimer } from '../runtime/timer.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { closeCodes, type CloseCode } from './close-codes.ts';
import type { Connection } from './connection.ts';

/** The new expiry of the credential in milliseconds since the epoch, or the code to close the connection with. */
export type RevalidationResult = { readonly expiresAt: number } | { readonly closeCode: CloseCode };

/** Authorizes an open connection again. Throws `Unavailable`. */
export type Revalidate = () => Promise<RevalidationResult>;

export interface RevalidationDeps {
  readonly now: () => number;
  readonly startTimer: StartTimer;
  readonly recheckIntervalMs: number;
  /** Counts a connection that is closed because a dependency is unavailable. */
  readonly countUnavailable: (error: Unavailable) => void;
  readonly log: FastifyBaseLogger;
}

/** Consecutive failed checks: a short outage must not close all connections, a long one must not keep them open. */
const maxFailures = 3;
/** The timeout of the check at the expiry of the credential. */
const lastCheckTimeoutMs = 5_000;
/** Node's longest timer. */
const maxTimerMs = 2_147_483_647;

/**
 * Checks a connection periodically and when its credential expires, since the session may have been renewed. Closes the
 * connection if the check says so, if the credential has expired, or if three consecutive checks or the last one fail.
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
  const schedule = (expiry: number): void => {
    cancel();
    if (!connection.isOpen()) return;
    const remainingMs = expiry - now();
    if (remainingMs <= 0) {
      connection.close(closeCodes.credentialExpired);
      return;
    }
    const check = startTimer(Math.min(remainingMs, recheckIntervalMs), () => void runCheck(expiry));
    // A check that never settles must not keep a connection open.
    const deadline = startLongTimer(startTimer, remainingMs + lastCheckTimeoutMs, () => {
      connection.close(closeCodes.unavailable);
    });
    stops = [check, deadline];
  };
  const runCheck = async (expiry: number): Promise<void> => {
    try {
      const result = await revalidate();
      failures = 0;
      if ('closeCode' in result) connection.close(result.closeCode);
      else schedule(result.expiresAt);
    } catch (error) {
      failures += 1;
      const isUnhandled = !(error instanceof Unavailable);
      log[isUnhandled ? 'error' : 'warn']({ err: error }, 'WebSocket revalidation failed');
      if (isUnhandled) {
        connection.close(closeCodes.unhandledError);
      } else if (failures >= maxFailures || expiry <= now()) {
        countUnavailable(error);
        connection.close(closeCodes.unavailable);
      }
      schedule(expiry);
    }
  };
  connection.onClose(cancel);
  schedule(expiresAt);
}

/** A timer that may be longer than Node's. */
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
