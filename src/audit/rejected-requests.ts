import { createWindows } from '../rate-limit/fixed-window.ts';
import type { Origin, RecordSignal, SecuritySignal } from './audit-event.ts';

/** Rows a minute and address at most: a flood of wrong tokens must not be a flood of rows. */
const mostRows = 60;

/** Creates the record of requests that the operator's port turned away: a row of `security_events` for each, up to a limit. */
export function createRecordRejected({
  recordSignal,
  now,
}: {
  readonly recordSignal: RecordSignal;
  readonly now: () => number;
}): (signal: SecuritySignal, origin: Origin) => Promise<void> {
  const rows = createWindows(mostRows);
  return async (signal, origin) => {
    if (rows.isWithin(origin.address, now())) await recordSignal(signal, { origin });
  };
}
