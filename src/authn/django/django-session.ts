import { visitorOf } from '../visitor.ts';
import type { KeyObject } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import type { Secret } from '../../runtime/secret.ts';
import { displayName, printableText } from '../claims.ts';
import {
  expired,
  malformed,
  rejected,
  type CredentialReader,
  type Identification,
  type RefusedCredential,
} from '../credential.ts';
import { decodeExactly } from '../exact-base64.ts';
import { parseJsonMembers, type Members } from '../json-object.ts';
import { sessionTokenId } from '../session-token-id.ts';
import { isSignedBy, readSignedText, saltedKeys } from './django-signature.ts';

/** A row of `django_session`. `expireDate` is in milliseconds since the epoch. */
interface DjangoSession {
  readonly sessionData: string;
  readonly expireDate: number;
}

/** The columns of `auth_user` that Usher reads. `password` contains a salted hash. */
export interface DjangoUser {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly isActive: boolean;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
}

/**
 * The database of a Django application. Returns `undefined` if there is no such row and throws `Unavailable` if the database
 * is unavailable.
 */
export interface DjangoDatabase {
  readonly session: (key: string) => Promise<DjangoSession | undefined>;
  /** Integer and UUID keys are texts here, as in Django's sessions. */
  readonly user: (id: string) => Promise<DjangoUser | undefined>;
}

const maxIdLength = 255;
/** The maximum size of a decompressed session. A few kilobytes of zlib data could expand to gigabytes. */
const maxPayloadLength = 1024 * 1024;
/** The tolerated clock skew of the application, in milliseconds. */
const clockSkewMs = 30_000;

const salts = {
  db: 'django.contrib.sessions.SessionStore',
  cached_db: 'django.contrib.sessions.SessionStore',
  signed_cookies: 'django.contrib.sessions.backends.signed_cookies',
} as const;
const passwordSalt = 'django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash';

/**
 * The session engines that Usher can read. The `cache` engine is not among them, because it stores pickled Python
 * objects.
 */
export type DjangoSessionEngine = keyof typeof salts;

/** The settings of an application, with Django's names. */
export interface DjangoSettings {
  readonly engine: DjangoSessionEngine;
  /** `SECRET_KEY`, then `SECRET_KEY_FALLBACKS`. */
  readonly secretKeys: readonly Secret[];
  /** `AUTHENTICATION_BACKENDS`. A session of any other backend is refused. */
  readonly backends: readonly string[];
  /** `SESSION_COOKIE_AGE`, in milliseconds. It applies to `signed_cookies` only. */
  readonly cookieAgeMs: number;
}

interface DjangoSessionDeps {
  readonly database: DjangoDatabase;
  readonly now: () => number;
}

interface Keys {
  readonly session: readonly KeyObject[];
  readonly password: readonly KeyObject[];
}

/** A session with a verified signature and expiry. Its user is not loaded yet. `expiresAt` is in milliseconds. */
interface VerifiedSession {
  readonly body: string;
  readonly expiresAt: number;
  readonly tokenId?: string;
}

/**
 * Creates the reader of Django's session cookies (Django ≥ 3.1, `django.contrib.sessions` and `django.contrib.auth`).
 * It is stricter than Django: an inactive user is refused with every backend. Throws `Unavailable` if the application's
 * database is unavailable. The principal has no `issuedAt`: Django signs a session again after each change, so with
 * that time an old session would outlive a revocation.
 */
export function createDjangoSessionReader(
  settings: DjangoSettings,
  deps: DjangoSessionDeps,
): CredentialReader {
  const { engine, secretKeys } = settings;
  const keys = {
    session: saltedKeys(`${salts[engine]}signer`, secretKeys),
    password: saltedKeys(passwordSalt, secretKeys),
  };
  return async (cookie) => {
    const text = unquoted(cookie);
    const session =
      engine === 'signed_cookies'
        ? verifySignedCookie(text, { keys, now: deps.now(), maxAgeMs: settings.cookieAgeMs })
        : await verifyStoredSession(text, keys, deps);
    if ('fault' in session) return session;
    return identify(session, { keys, backends: settings.backends, ...deps });
  };
}

/** Removes the quotes of RFC 2109, because Django accepts a cookie's value with or without them. */
function unquoted(cookie: string): string {
  return /^"(.*)"$/.exec(cookie)?.[1] ?? cookie;
}

type SessionResult = VerifiedSession | RefusedCredential;

const signatureCheck = 'DJANGO_SECRET_KEY or a fallback has signed the session';

async function verifyStoredSession(
  key: string,
  keys: Keys,
  { database, now }: DjangoSessionDeps,
): Promise<SessionResult> {
  if (!/^[a-z0-9]{32}$/.test(key)) {
    return malformed('session cookie is a key of 32 lower-case letters and digits');
  }
  const row = await database.session(key);
  if (row === undefined) return rejected('session has a row in django_session');
  // Check the column and not the time in the signed data, which `set_expiry()` does not update.
  if (row.expireDate <= now()) return expired('expire_date of the session is in the future');
  const signed = readSignedText(row.sessionData, keys.session);
  if (signed === undefined) return rejected(signatureCheck);
  return { body: signed.body, expiresAt: row.expireDate, tokenId: sessionTokenId('django', key) };
}

function verifySignedCookie(
  text: string,
  { keys, now, maxAgeMs }: { readonly keys: Keys; readonly now: number; readonly maxAgeMs: number },
): SessionResult {
  const signed = readSignedText(text, keys.session);
  if (signed === undefined) return rejected(signatureCheck);
  const { body, signedAt } = signed;
  if (signedAt > now + clockSkewMs) return rejected('session was signed in the past');
  const expiresAt = signedAt + maxAgeMs;
  return now > expiresAt
    ? expired('session was signed within DJANGO_SESSION_AGE')
    : { body, expiresAt };
}

async function identify(
  { body, ...lifetime }: VerifiedSession,
  deps: DjangoSessionDeps & { readonly keys: Keys; readonly backends: readonly string[] },
): Promise<Identification> {
  const login = readLogin(body);
  if (login === undefined) return rejected('somebody is logged in in the session');
  if (!deps.backends.includes(login.backend)) {
    return rejected('backend of the login is in DJANGO_AUTHENTICATION_BACKENDS');
  }
  const user = await deps.database.user(login.userId);
  if (user === undefined) return rejected('user of the session has a row in auth_user');
  if (!user.isActive) return rejected('user of the session is active');
  if (!hasPasswordOf(user, login.hash, deps.keys)) {
    return rejected('password of the user is that of the login');
  }
  return { principal: visitorOf({ ...user, name: displayName(user.username) }, lifetime) };
}

/** The session contains an HMAC of the password column. After a change of the password the session is invalid. */
function hasPasswordOf(user: DjangoUser, mac: string, keys: Keys): boolean {
  return isSignedBy(keys.password, user.password, { mac, encoding: 'hex' });
}

interface Login {
  readonly userId: string;
  readonly backend: string;
  readonly hash: string;
}

/** Returns the login of a session. Returns `undefined` if nobody is logged in or if the body cannot be read. */
function readLogin(body: string): Login | undefined {
  const payload = readPayload(body);
  // Django writes integer and UUID keys as texts, too.
  const userId = printableText(payload?.get('_auth_user_id'), maxIdLength);
  const backend = payload?.get('_auth_user_backend');
  const hash = payload?.get('_auth_user_hash');
  if (userId === undefined || typeof backend !== 'string') return undefined;
  return typeof hash === 'string' && hash !== '' ? { userId, backend, hash } : undefined;
}

/**
 * Implements Django's `signing.loads`: base64url without padding, compressed with zlib if it starts with a dot, with a
 * JSON object inside.
 */
function readPayload(body: string): Members | undefined {
  const compressed = body.startsWith('.');
  const text = compressed ? body.slice(1) : body;
  const bytes = decodeExactly(text, 'base64url');
  if (bytes === undefined || bytes.length > maxPayloadLength) return undefined;
  const payload = compressed ? inflated(bytes) : bytes;
  return payload && parseJsonMembers(payload);
}

function inflated(bytes: Buffer): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: maxPayloadLength });
  } catch {
    return undefined;
  }
}
