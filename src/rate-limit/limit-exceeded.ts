import { LRUCache } from 'lru-cache';
import type { WriteSignal } from '../audit/audit-event.ts';
import type { StartTimer, StopTimer } from '../runtime/timer.ts';
import type { LimitName, ReportLimitExceeded } from './limits.ts';

/** What excesses are reported to. */
export interface ExcessDeps {
  readonly recordSignal: WriteSignal;
  /** Counts each one. */
  readonly count: (limit: LimitName) => void;
  readonly now: () => number;
  readonly startTimer: StartTimer;
  readonly log: { readonly error: (about: object, message: string) => void };
}

type EventDetails = Parameters<ReportLimitExceeded>[2];

/** A minute in which one key exceeded one limit. */
interface LimitWindow {
  readonly details: EventDetails;
  readonly endsAt: number;
  /** Excesses after the one that was recorded. */
  suppressed: number;
  readonly stopTimer: StopTimer;
}

const windowMs = 60_000;

/** A window that is evicted ends early. */
const maxWindows = 100_000;

/**
 * Creates what reports excesses. The first of each limit and key is recorded at once; after that there is one record a
 * minute, with the number of those that were not recorded by themselves, until a minute has none.
 */
export function createReportLimitExceeded({
  recordSignal,
  count,
  now,
  startTimer,
  log,
}: ExcessDeps): {
  readonly reportExcess: ReportLimitExceeded;
  /** Records what is not recorded yet. */
  readonly flush: () => Promise<void>;
} {
  const windows = new LRUCache<string, LimitWindow>({
    maxSize: maxWindows,
    sizeCalculation: () => 1,
    dispose: ({ stopTimer }) => {
      stopTimer();
    },
  });

  const openWindow = (name: string, details: EventDetails): void => {
    const stopTimer = startTimer(windowMs, () => {
      void end(name).catch((error: unknown) => {
        log.error({ err: error }, 'could not record that a limit was exceeded');
      });
    });
    windows.set(name, { details, endsAt: now() + windowMs, suppressed: 0, stopTimer });
  };
  const closeWindow = (name: string): LimitWindow | undefined => {
    const window = windows.peek(name);
    windows.delete(name);
    return window;
  };
  /** Records the minute where it has something to say, and goes on with the next one. */
  const end = async (name: string): Promise<void> => {
    const window = closeWindow(name);
    if (window === undefined || window.suppressed === 0) return;
    const { details, suppressed } = window;
    openWindow(name, details);
    await recordSignal('limit-exceeded', { ...details, suppressed });
  };
  return {
    reportExcess: async (limit, key, about) => {
      count(limit);
      const name = `${limit} ${key}`;
      const current = windows.peek(name);
      if (current !== undefined && current.endsAt > now()) {
        current.suppressed += 1;
        return;
      }
      const suppressed = closeWindow(name)?.suppressed ?? 0;
      openWindow(name, about);
      await recordSignal('limit-exceeded', { ...about, ...(suppressed > 0 && { suppressed }) });
    },
    flush: async () => {
      const remaining = [...windows.rkeys()].map(closeWindow);
      const writes = remaining.map(async (window) => {
        if (window === undefined || window.suppressed === 0) return;
        await recordSignal('limit-exceeded', { ...window.details, suppressed: window.suppressed });
      });
      await Promise.allSettled(writes);
    },
  };
}
