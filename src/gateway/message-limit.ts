import { principalId, tenantOf, type Principal } from '../core/principal.ts';

/** Counts a message of this principal: 0 when it may pass, else the milliseconds until the next one may. */
export type CountMessage = (principal: Principal) => number;

const minute = 60_000;

/** Creates the limit of messages a minute and principal, over all its connections to this process. */
export function createMessageLimit(most: number, now: () => number): CountMessage {
  const windows = new Map<string, { readonly until: number; count: number }>();
  /** Windows begin one after the other, so the first that still runs ends the search. */
  const forget = (time: number): void => {
    for (const [key, { until }] of windows) {
      if (until > time) return;
      windows.delete(key);
    }
  };
  return (principal) => {
    const key = JSON.stringify([principal.kind, tenantOf(principal), principalId(principal)]);
    const time = now();
    forget(time);
    const window = windows.get(key) ?? { until: time + minute, count: 0 };
    windows.set(key, window);
    if (window.count >= most) return window.until - time;
    window.count += 1;
    return 0;
  };
}
