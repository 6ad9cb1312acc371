import type { RecordSignal } from '../core/audit-event.ts';
import type { LimitName, ReportExcess } from '../core/limits.ts';
import { createWindows } from './windows.ts';

/** Who is told of an excess. */
export interface ExcessPorts {
  readonly recordSignal: RecordSignal;
  /** Told of each one. */
  readonly count: (limit: LimitName) => void;
  readonly now: () => number;
}

/** Creates what tells of excesses; a row is written for the first in a minute of each limit and key, by each replica. */
export function createReportExcess({ recordSignal, count, now }: ExcessPorts): ReportExcess {
  const told = createWindows(0);
  return async (limit, key, about) => {
    count(limit);
    const name = `${limit} ${key}`;
    if (!told.exceeds(name, now())) return;
    try {
      await recordSignal('limit-exceeded', about);
    } catch (error) {
      told.takeBack(name, false);
      throw error;
    }
  };
}
