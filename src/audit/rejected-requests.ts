import { createFixedWindow } from '../rate-limit/fixed-window.ts';
import type { Origin, WriteSecurityEvent, SecurityEventType } from './audit-event.ts';

/** Per address: many wrong tokens must not write as many rows. */
const maxRowsPerMinute = 60;

/** Writes a security event for each request that the operator's port refused, up to a limit. */
export function createWriteRejected({
  writeSecurityEvent,
  now,
}: {
  readonly writeSecurityEvent: WriteSecurityEvent;
  readonly now: () => number;
}): (signal: SecurityEventType, origin: Origin) => Promise<void> {
  const window = createFixedWindow(maxRowsPerMinute);
  return async (signal, origin) => {
    if (window.isWithin(origin.address, now())) await writeSecurityEvent(signal, { origin });
  };
}
