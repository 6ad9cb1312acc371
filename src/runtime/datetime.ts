/**
 * Parses an RFC 3339 time with a time zone into milliseconds since the epoch. Returns `undefined` for any other text.
 */
export function parseDatetime(text: string): number | undefined {
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const time = isTime && isCalendarDay(text.slice(0, 10)) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** Returns the start of a date in UTC, in milliseconds since the epoch, or `undefined` if the text is not a date. */
export function parseDate(text: string): number | undefined {
  return isCalendarDay(text) ? Date.parse(text) : undefined;
}

/** Rejects dates that do not exist: `Date.parse` converts 2026-02-30 into 2 March. */
function isCalendarDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const start = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(start) && new Date(start).toISOString().startsWith(text);
}
