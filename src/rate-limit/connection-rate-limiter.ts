import type { StartTimer, StopTimer } from '../runtime/timer.ts';
import type { Limits, Claim } from './limits.ts';

/** Where attempts to connect are counted. */
export interface TurnstilePorts {
  readonly limits: Limits;
  /** Attempts a minute and address. */
  readonly perMinute: number;
  readonly startTimer: StartTimer;
}

/** Gives an attempt back, once its holder proved who they are. */
export type GiveBack = () => Promise<void>;

/** Counts an attempt to connect from an address: it may go on, or its address may try again after so many milliseconds. */
export type Turnstile = (address: string) => Promise<Attempt>;

type Attempt = { readonly giveBack: GiveBack } | { readonly retryAfterMs: number };

/** How long an attempt waits for another's to be given back, in milliseconds; that takes a round trip to its client. */
const longestWait = 5_000;

/** Attempts that wait at once: of one address, more than the guests of any hotel, and of all. */
const mostWaiting = { address: 1_000, all: 10_000 } as const;

/** Milliseconds between two looks for what another replica was given back. */
const lookInterval = 250;

interface Line {
  /** In the order in which they came; each leaves when it is told what became of it. */
  readonly waiters: Set<(attempt: Attempt) => void>;
  retryAfterMs: number;
  stopLooking: StopTimer;
}

/**
 * Creates the limit of attempts to connect. Who proved who they are has their attempt back, so only those who have not
 * are few; the guests of a hotel, who come at once and share an address, wait a moment for each other.
 */
export function createTurnstile({ limits, perMinute, startTimer }: TurnstilePorts): Turnstile {
  const lines = new Map<string, Line>();
  let waiting = 0;

  const take = async (claim: Claim): Promise<Attempt> => {
    const taken = await limits.take([claim]);
    if ('excess' in taken) return { retryAfterMs: taken.retryAfterMs };
    const giveBack = async () => {
      await limits.giveBack(claim);
      await serve(claim);
    };
    return { giveBack };
  };

  /** Lets in who waits until there is nothing left to take. */
  const serve = async (claim: Claim): Promise<void> => {
    for (let line = lines.get(claim.key); line !== undefined; line = lines.get(claim.key)) {
      const attempt = await take(claim);
      if ('retryAfterMs' in attempt) {
        line.retryAfterMs = attempt.retryAfterMs;
        return;
      }
      const [first] = line.waiters;
      // The last one may have given up in the meantime.
      if (first === undefined) await attempt.giveBack();
      else first(attempt);
    }
  };

  const openLine = (claim: Claim, retryAfterMs: number): Line => {
    const line: Line = { waiters: new Set(), retryAfterMs, stopLooking: () => undefined };
    const lookLater = (): void => {
      line.stopLooking = startTimer(lookInterval, () => {
        lookLater();
        void serve(claim);
      });
    };
    lookLater();
    lines.set(claim.key, line);
    return line;
  };

  const wait = (claim: Claim, retryAfterMs: number): Promise<Attempt> =>
    new Promise((resolve) => {
      const line = lines.get(claim.key) ?? openLine(claim, retryAfterMs);
      const leave = (attempt: Attempt): void => {
        stop();
        waiting -= 1;
        line.waiters.delete(leave);
        if (line.waiters.size === 0) {
          line.stopLooking();
          lines.delete(claim.key);
        }
        resolve(attempt);
      };
      const stop = startTimer(longestWait, () => {
        leave({ retryAfterMs: line.retryAfterMs });
      });
      waiting += 1;
      line.waiters.add(leave);
    });

  return async (address) => {
    const claim: Claim = { limit: 'connections', key: address, perMinute };
    const line = lines.get(address);
    // Behind those who wait already, or the last to come would be the first.
    const attempt = line ? { retryAfterMs: line.retryAfterMs } : await take(claim);
    if ('giveBack' in attempt) return attempt;
    const isFull = (lines.get(address)?.waiters.size ?? 0) >= mostWaiting.address;
    return isFull || waiting >= mostWaiting.all ? attempt : wait(claim, attempt.retryAfterMs);
  };
}
