import type { RecordSignal } from '../audit/audit-event.ts';
import type { StartTimer, StopTimer } from '../runtime/timer.ts';
import type { LimitName, ReportExcess } from './limits.ts';

/** What excesses are reported to. */
export interface ExcessPorts {
  readonly recordSignal: RecordSignal;
  /** Counts each one. */
  readonly count: (limit: LimitName) => void;
  readonly now: () => number;
  readonly startTimer: StartTimer;
  readonly log: { readonly error: (about: object, message: string) => void };
}

type About = Parameters<ReportExcess>[2];

/** A minute in which one key exceeded one limit. */
interface Minute {
  readonly about: About;
  readonly until: number;
  /** Excesses after the one that was recorded. */
  suppressed: number;
  readonly stopTimer: StopTimer;
}

const length = 60_000;

/** Keys at once; beyond that the oldest minute ends early. */
const mostMinutes = 100_000;

/**
 * Creates what reports excesses. The first of each limit and key is recorded at once; after that there is one record a
 * minute, with the number of those that were not recorded by themselves, until a minute has none.
 */
export function createReportExcess({ recordSignal, count, now, startTimer, log }: ExcessPorts): {
  readonly reportExcess: ReportExcess;
  /** Records what is not recorded yet. */
  readonly flush: () => Promise<void>;
} {
  const minutes = new Map<string, Minute>();

  const open = (name: string, about: About): void => {
    const stopTimer = startTimer(length, () => {
      void end(name).catch((error: unknown) => {
        log.error({ err: error }, 'could not record that a limit was exceeded');
      });
    });
    minutes.set(name, { about, until: now() + length, suppressed: 0, stopTimer });
  };
  const close = (name: string): Minute | undefined => {
    const minute = minutes.get(name);
    minute?.stopTimer();
    minutes.delete(name);
    return minute;
  };
  /** Records the minute where it has something to say, and goes on with the next one. */
  const end = async (name: string): Promise<void> => {
    const minute = close(name);
    if (minute === undefined || minute.suppressed === 0) return;
    const { about, suppressed } = minute;
    open(name, about);
    await recordSignal('limit-exceeded', { ...about, suppressed });
  };
  return {
    reportExcess: async (limit, key, about) => {
      count(limit);
      const name = `${limit} ${key}`;
      const known = minutes.get(name);
      if (known !== undefined && known.until > now()) {
        known.suppressed += 1;
        return;
      }
      const suppressed = close(name)?.suppressed ?? 0;
      const [oldest] = minutes.keys();
      if (minutes.size >= mostMinutes && oldest !== undefined) close(oldest);
      open(name, about);
      await recordSignal('limit-exceeded', { ...about, ...(suppressed > 0 && { suppressed }) });
    },
    flush: async () => {
      const left = [...minutes.keys()].map(close);
      const records = left.map(async (minute) => {
        if (minute === undefined || minute.suppressed === 0) return;
        await recordSignal('limit-exceeded', { ...minute.about, suppressed: minute.suppressed });
      });
      await Promise.allSettled(records);
    },
  };
}
