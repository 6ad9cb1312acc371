import type { Setting } from './setting.ts';

type Extras = Pick<Setting<string>, 'fallback'>;

/** The name of a cookie: a token of RFC 6265 §4.1.1. */
export const cookieName = (doc: string, extras: Extras = {}): Setting<string> => ({
  doc,
  parse: (value) =>
    /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(value)
      ? { value }
      : { problem: 'must be the name of a cookie' },
  ...extras,
});

/** A time zone of the IANA list, such as `Europe/Berlin`. */
export const timeZone = (doc: string, extras: Extras = {}): Setting<string> => ({
  doc,
  parse: (value) =>
    isTimeZone(value) ? { value } : { problem: 'must be a time zone such as Europe/Berlin' },
  ...extras,
});

function isTimeZone(name: string): boolean {
  // PostgreSQL and this process must mean the same: "+02:00" is east of Greenwich to one of them and west to the other.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
