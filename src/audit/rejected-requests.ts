import { createFixedWindow } from '../rate-limit/fixed-window.ts';
import type { Origin, WriteSignal, SecurityEventType } from './audit-event.ts';

/** Rows a minute and address at most: a flood of wrong tokens must not be a flood of rows. */
const maxRowsPerMinute = 60;

/** Creates the record of requests that the operator's port turned away: a row of `security_events` for each, up to a limit. */
export function createWriteRejected({
  recordSignal,
  now,
}: {
  readonly recordSignal: WriteSignal;
  readonly now: () => number;
}): (signal: SecurityEventType, origin: Origin) => Promise<void> {
  const window = createFixedWindow(maxRowsPerMinute);
  return async (signal, origin) => {
    if (window.isWithin(origin.address, now())) await recordSignal(signal, { origin });
  };
}
