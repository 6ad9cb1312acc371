const timestampFormat =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Whether the text is a timestamp of RFC 3339 (https://www.rfc-editor.org/rfc/rfc3339#section-5.6) from the year 1 to 9999, with at
 * most three digits of fraction. The library accepts more than that: 29 February 2023, local times, and fractions that it drops.
 */
export function isTimestamp(text: string): boolean {
  const date = timestampFormat.exec(text)?.[1];
  if (date === undefined) return false;
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(date)) return false;
  // An offset may lead out of these years.
  return /^(?!0000)\d{4}-/.test(new Date(text).toISOString());
}

const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const century = 100 * 365 * 24 * units.h;

/**
 * Whether the text is a duration in whole units, such as `1h30m`, of at most 100 years. With more, a sum could leave the range of
 * `Date`, and comparisons with it would be false instead of an error.
 */
export function isDuration(text: string): boolean {
  if (!/^(\d{1,9}(h|ms|m|s))+$/.test(text)) return false;
  const parts = [...text.matchAll(/(\d+)(h|ms|m|s)/g)];
  const milliseconds = parts.map(
    ([, amount, unit]) => Number(amount) * units[unit as keyof typeof units],
  );
  return milliseconds.reduce((sum, each) => sum + each, 0) <= century;
}
