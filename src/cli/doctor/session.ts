import {
  verifySession,
  laravelSessionNames,
  type VerifySessionDeps,
} from '../../composition/commands/verify-session.ts';
import { onlyCookieName, type SessionConfig } from '../../config/sessions.ts';
import { describeOutage } from '../network-errors.ts';
import { remedies } from '../../audit/remedies.ts';
import { cookiesOf, sessionCookies, type Cookie } from '../session-cookies.ts';
import { fail, pass, unknown, type CheckResult } from './check.ts';
import { explainMismatch } from './laravel-mismatches.ts';
import type { NamedResult } from './run-checks.ts';

const name = 'the session cookie is one of a visitor who is logged in';

/**
 * Checks a session cookie, which is its value, or a whole `Cookie` header as a browser shows it, and says which setting
 * does not fit. The cookie is never printed.
 */
export async function checkSession(
  text: string,
  sessions: SessionConfig | undefined,
  deps: VerifySessionDeps,
): Promise<NamedResult> {
  if (sessions === undefined) return { name, result: unknown('SESSION_MODE is off') };
  const cookies = cookiesOf(text);
  const shown = sessionCookies(cookies, sessions);
  if (cookies.length > 0 && shown === undefined) {
    return { name, result: withoutCookie(cookies, sessions) };
  }
  try {
    return {
      name,
      result: resultOf(await verifySession(shown ?? text, sessions, deps), sessions),
    };
  } catch (error) {
    return { name, result: unknown(`the application did not respond: ${describeOutage(error)}`) };
  }
}

function withoutCookie(cookies: readonly Cookie[], sessions: SessionConfig): CheckResult {
  if (onlyCookieName(sessions) === undefined) {
    return fail(
      'There is no cookie of a name in SESSION_COOKIES.',
      'Set SESSION_COOKIES to the names of the session cookies of the application.',
    );
  }
  const found = sessions.mode === 'laravel' ? laravelSessionNames(cookies, sessions) : [];
  return fail(
    'There is no cookie of the name in SESSION_COOKIE_NAME.',
    found.length === 0
      ? 'Set SESSION_COOKIE_NAME to the name of the session cookie of the application.'
      : `The application’s session cookie is ${found.join(' or ')}: set SESSION_COOKIE_NAME to that name.`,
  );
}

function resultOf(
  result: Awaited<ReturnType<typeof verifySession>>,
  sessions: SessionConfig,
): CheckResult {
  if ('mismatch' in result && sessions.mode === 'laravel') {
    return fail(...explainMismatch(result, sessions));
  }
  if (!('fault' in result)) return pass;
  const reason = result.detail === undefined ? '' : `: ✗ ${result.detail}`;
  return fail(`It is refused (${result.fault})${reason}.`, remedies[result.fault]);
}
