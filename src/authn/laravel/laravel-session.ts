import { createHash, createHmac } from 'node:crypto';
import type { Principal } from '../../policy/principal.ts';
import { visitorOf } from '../visitor.ts';
import { printableText } from '../claims.ts';
import { equalsConstantTime } from '../constant-time.ts';
import {
  expired,
  malformed,
  rejected,
  type CredentialReader,
  type RefusedCredential,
} from '../credential.ts';
import { sessionTokenId } from '../session-token-id.ts';
import type { LaravelApplication, LaravelSettings, LaravelUser } from './laravel-application.ts';
import { readContent, type SessionContent } from './session-content.ts';
import { readSessionId } from './session-cookie-value.ts';

const maxIdLength = 255;
/** The default guard of Laravel, whose user `AuthenticateSession` checks. */
const defaultGuard = 'web';

interface LaravelSessionDeps {
  readonly application: LaravelApplication;
  readonly now: () => number;
}

/**
 * The part of a session cookie that does not fit the settings or the application, in the order of the checks. `login`: nobody
 * is logged in at the guard, `guards` at which somebody is.
 */
type LaravelMismatch =
  | 'malformed'
  | 'unknown-key'
  | 'cookie-name'
  | 'id'
  | 'session'
  | 'expired'
  | 'driver'
  | 'encryption'
  | 'serialization'
  | 'login'
  | 'user'
  | 'password';

export type LaravelResult =
  | { readonly visitor: Principal }
  | { readonly mismatch: LaravelMismatch; readonly logins?: readonly string[] };

/**
 * Creates the reader of Laravel's session cookies (Laravel 8 to 13), which identifies the user of one guard. Throws
 * `Unavailable` if the application does not respond. The principal has no `issuedAt`, because a session does not contain the
 * time of the login. It never writes, so it does not extend a session.
 */
export function createLaravelSessionReader(
  settings: LaravelSettings,
  deps: LaravelSessionDeps,
): CredentialReader {
  return async (cookie) => {
    const result = await verifyLaravelSession(cookie, settings, deps);
    return 'visitor' in result ? { principal: result.visitor } : refusalOf(result.mismatch);
  };
}

/** The condition that does not hold, for each part that does not fit. */
const conditions: Readonly<Record<LaravelMismatch, string>> = {
  malformed: 'session cookie is one that Laravel encrypts with LARAVEL_CIPHER',
  'unknown-key': 'LARAVEL_APP_KEY or a previous key decrypts the session cookie',
  'cookie-name': 'session cookie is encrypted for the name in SESSION_COOKIE_NAME',
  id: 'session cookie contains a session id',
  session: 'the application stores the session',
  expired: 'session has been used within LARAVEL_SESSION_LIFETIME',
  driver: 'stored session is one of LARAVEL_SESSION_DRIVER',
  encryption: 'LARAVEL_APP_KEY or a previous key decrypts the stored session',
  serialization: 'stored session is serialized as in LARAVEL_SESSION_SERIALIZATION',
  login: 'somebody is logged in at LARAVEL_GUARD',
  user: 'user of the session exists in LARAVEL_USER_TABLE',
  password: 'password of the user has not changed since the login',
};

function refusalOf(mismatch: LaravelMismatch): RefusedCredential {
  const condition = conditions[mismatch];
  if (mismatch === 'malformed') return malformed(condition);
  return mismatch === 'expired' ? expired(condition) : rejected(condition);
}

/** Identifies the visitor, or finds the first part that does not fit. */
export async function verifyLaravelSession(
  cookie: string,
  settings: LaravelSettings,
  { application, now }: LaravelSessionDeps,
): Promise<LaravelResult> {
  const sessionId = readSessionId(cookie, settings.cookieName, settings.keys);
  if ('fault' in sessionId) return { mismatch: sessionId.fault };
  const { id } = sessionId;
  const session = await application.session(id);
  if (session === undefined) return { mismatch: 'session' };
  if (session.expiresAt <= now()) return { mismatch: 'expired' };
  if (session.content === undefined) return { mismatch: 'driver' };
  const content = readContent(session.content, settings.format, settings.keys);
  if ('fault' in content) return { mismatch: content.fault };
  const userId = loginIn(content, settings);
  if (userId === undefined) return { mismatch: 'login', logins: loginNames(content) };
  const user = await application.user(userId);
  if (user === undefined) return { mismatch: 'user' };
  if (settings.checksPassword && !fitsPassword(content, user, settings)) {
    return { mismatch: 'password' };
  }
  return {
    visitor: visitorOf(
      { id: userId },
      { expiresAt: session.expiresAt, tokenId: sessionTokenId('laravel', id) },
    ),
  };
}

/** The name of the login in a session (`Illuminate/Auth/SessionGuard.php`, `getName`). */
function loginName(guard: string, guardClass: string): string {
  return `login_${guard}_${createHash('sha1').update(guardClass).digest('hex')}`;
}

function loginIn(
  content: SessionContent,
  { guard, guardClass }: Pick<LaravelSettings, 'guard' | 'guardClass'>,
): string | undefined {
  const login = content.get(loginName(guard, guardClass));
  return login === null || login === 'opaque' ? undefined : printableText(login.text, maxIdLength);
}

/** Names of logins in a session, such as `login_admin_59ba…`: of other guards, or of guards of another class. */
function loginNames(content: SessionContent): readonly string[] {
  return content.names().filter((name) => /^login_[A-Za-z0-9_-]{1,64}_[0-9a-f]{40}$/.test(name));
}

/**
 * Compares the password hash of the session as `Illuminate/Session/Middleware/AuthenticateSession.php` does: a session
 * without a hash, and a user without a password, are not checked. `hashKey` makes it with the text of `APP_KEY`; older
 * versions store the password column itself.
 */
function fitsPassword(
  content: SessionContent,
  user: LaravelUser,
  settings: LaravelSettings,
): boolean {
  if (isLoggedInAtDefault(content, settings)) return false;
  const stored = content.get(`password_hash_${settings.guard}`);
  const password = user.password ?? '';
  if (password === '' || stored === null) return true;
  if (stored === 'opaque') return false;
  const hash = createHmac('sha256', settings.appKey.reveal()).update(password).digest('hex');
  return [hash, password].some((each) => equalsConstantTime(each, stored.text));
}

/**
 * True if the session of another guard is also a checked login at the default guard. Laravel refuses the whole session
 * if that user's password has changed, and Usher cannot read the row of that user.
 */
function isLoggedInAtDefault(
  content: SessionContent,
  { guard, guardClass }: LaravelSettings,
): boolean {
  return (
    guard !== defaultGuard &&
    content.get(`password_hash_${defaultGuard}`) !== null &&
    loginIn(content, { guard: defaultGuard, guardClass }) !== undefined
  );
}
