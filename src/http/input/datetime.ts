/** Reads an RFC 3339 time with its zone into milliseconds since the epoch; `undefined` for anything else. */
export function parseDatetime(text: string): number | undefined {
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const time = isTime && isCalendarDay(text.slice(0, 10)) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** The first moment of a date in UTC, in milliseconds since the epoch; `undefined` when it is no date. */
export function parseDate(text: string): number | undefined {
  return isCalendarDay(text) ? Date.parse(text) : undefined;
}

/** `Date.parse` takes 2026-02-30 for 2 March; a date that does not exist is a mistake to be told of. */
function isCalendarDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const start = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(start) && new Date(start).toISOString().startsWith(text);
}
