const dayMs = 24 * 60 * 60 * 1000;

/**
 * Creates a reader of times that were written without their zone, such as `2025-03-01T12:30:00.000000`. It returns
 * milliseconds since the epoch, and NaN for a text that is no time. Of a time that a clock change repeats it returns the
 * first.
 */
export function createZonedTimes(timeZone: string): (text: string) => number {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    timeZoneName: 'longOffset',
  });
  /** How far the zone is ahead of UTC, in milliseconds. */
  const offsetAt = (time: number): number => {
    const name = format.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value;
    const [, sign, hours = '0', minutes = '0', seconds = '0'] =
      /^GMT([+-])([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?$/.exec(name ?? '') ?? [];
    const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return sign === '-' ? -ms : ms;
  };
  return (text) => {
    const [whole = ''] =
      /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}/.exec(text) ?? [];
    const asUtc = Date.parse(`${whole}Z`);
    if (Number.isNaN(asUtc)) return NaN;
    // Two clock changes are more than a day apart, so one of these two offsets applies.
    const times = [asUtc - dayMs, asUtc + dayMs].map((near) => asUtc - offsetAt(near));
    const exact = times.filter((time) => time + offsetAt(time) === asUtc);
    // No clock shows a time that a change leaves out.
    return Math.min(...(exact.length > 0 ? exact : times));
  };
}
