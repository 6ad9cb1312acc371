import { cookieNamesOf, onlyCookieName, type SessionConfig } from '../config/sessions.ts';
import { namesCookie } from '../runtime/cookie-names.ts';

export interface Cookie {
  readonly name: string;
  readonly value: string;
}

/** The cookies of a header. A text without names is the value of the cookie. */
export function cookiesOf(text: string): readonly Cookie[] {
  return text
    .replace(/^cookie:/i, '')
    .split(';')
    .flatMap((pair) => {
      const [, cookieName = '', value = ''] = /^\s*([^=\s]+)=([^=].*?)\s*$/.exec(pair) ?? [];
      return cookieName === '' ? [] : [{ name: cookieName, value }];
    });
}

/** The credential in these cookies: the value of the only one, or several with their names. */
export function sessionCookies(
  cookies: readonly Cookie[],
  sessions: SessionConfig,
): string | undefined {
  const only = onlyCookieName(sessions);
  if (only !== undefined) return cookies.find((each) => each.name === only)?.value;
  const several = cookies.filter((each) => namesCookie(cookieNamesOf(sessions), each.name));
  if (several.length === 0) return undefined;
  return several.map(({ name: cookieName, value }) => `${cookieName}=${value}`).join('; ');
}
