import { LRUCache } from 'lru-cache';
import type { WriteSecurityEvent } from '../audit/audit-event.ts';
import type { StartTimer, StopTimer } from '../runtime/timer.ts';
import type { LimitName, ReportLimitExceeded } from './limits.ts';

interface LimitExceededDeps {
  readonly writeSecurityEvent: WriteSecurityEvent;
  /** Counts each exceeded limit. */
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
  /** The number of times that the limit was exceeded after the written event. */
  suppressed: number;
  readonly stopTimer: StopTimer;
}

const windowMs = 60_000;

/** Maximum number of windows. An evicted window ends early. */
const maxWindows = 100_000;

/**
 * Creates the reporter of exceeded limits. The first event of each limit and key is written immediately. After that one
 * event per minute is written, with the number of suppressed events, until a minute has none.
 */
export function createReportLimitExceeded({
  writeSecurityEvent,
  count,
  now,
  startTimer,
  log,
}: LimitExceededDeps): {
  readonly reportLimitExceeded: ReportLimitExceeded;
  /** Writes all suppressed events. */
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
  /** Writes the event of the window if it has suppressed events, and then opens the next window. */
  const end = async (name: string): Promise<void> => {
    const window = closeWindow(name);
    if (window === undefined || window.suppressed === 0) return;
    const { details, suppressed } = window;
    openWindow(name, details);
    await writeSecurityEvent('limit-exceeded', { ...details, suppressed });
  };
  return {
    reportLimitExceeded: async (limit, key, about) => {
      count(limit);
      const name = `${limit} ${key}`;
      const current = windows.peek(name);
      if (current !== undefined && current.endsAt > now()) {
        current.suppressed += 1;
        return;
      }
      const suppressed = closeWindow(name)?.suppressed ?? 0;
      openWindow(name, about);
      await writeSecurityEvent('limit-exceeded', {
        ...about,
        ...(suppressed > 0 && { suppressed }),
      });
    },
    flush: async () => {
      const remaining = [...windows.rkeys()].map(closeWindow);
      const writes = remaining.map(async (window) => {
        if (window === undefined || window.suppressed === 0) return;
        await writeSecurityEvent('limit-exceeded', {
          ...window.details,
          suppressed: window.suppressed,
        });
      });
      await Promise.allSettled(writes);
    },
  };
}
