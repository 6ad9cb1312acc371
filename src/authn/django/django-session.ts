import { createHash, type KeyObject } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import type { Secret } from '../../runtime/secret.ts';
import { displayName, printableText } from '../claims.ts';
import type { CredentialFault, Identification } from '../credential.ts';
import type { CredentialReader } from '../identify.ts';
import { parseJsonObject, type Members } from '../json-object.ts';
import type { DjangoDatabase, DjangoUser } from './django-rows.ts';
import { isSignedBy, readSignedText, saltedKeys } from './django-signature.ts';

const maxIdLength = 255;
/** A session larger than this is refused: a few kilobytes of zlib can stand for gigabytes. */
const maxPayloadLength = 1024 * 1024;
/** How far the host's clock may be ahead, in milliseconds. */
const clockSkewMs = 30_000;

const salts = {
  db: 'django.contrib.sessions.SessionStore',
  cached_db: 'django.contrib.sessions.SessionStore',
  signed_cookies: 'django.contrib.sessions.backends.signed_cookies',
} as const;
const passwordSalt = 'django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash';

/** The session engines that can be read from outside; the pure `cache` one is pickled Python. */
export type DjangoSessionEngine = keyof typeof salts;

/** A host's own settings, by Django's names. */
export interface DjangoSettings {
  readonly engine: DjangoSessionEngine;
  /** `SECRET_KEY`, then `SECRET_KEY_FALLBACKS`. */
  readonly secretKeys: readonly Secret[];
  /** `AUTHENTICATION_BACKENDS`: a session of any other backend is refused. */
  readonly backends: readonly string[];
  /** `SESSION_COOKIE_AGE`, in milliseconds; it ends `signed_cookies` only. */
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

/** A session whose own signature and end are good; nobody has asked yet who its user is. `expiresAt` in milliseconds. */
interface VerifiedSession {
  readonly body: string;
  readonly expiresAt: number;
  readonly tokenId?: string;
}

/**
 * Makes the reader of Django's session cookies (Django ≥ 3.1, `django.contrib.sessions` and `django.contrib.auth`).
 * Stricter than Django: an inactive user is refused whatever the backend. It throws `Unavailable` when the host's database could not answer.
 * The visitor has no `issuedAt`: Django signs a session anew whenever it changes, so that time would let an old one outlive a revocation.
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

/** Django takes a cookie's value with or without the quotes of RFC 2109. */
function unquoted(cookie: string): string {
  return /^"(.*)"$/.exec(cookie)?.[1] ?? cookie;
}

type SessionResult = VerifiedSession | { readonly fault: CredentialFault };

const rejected = { fault: 'credential-rejected' } as const;

async function verifyStoredSession(
  key: string,
  keys: Keys,
  { database, now }: DjangoSessionDeps,
): Promise<SessionResult> {
  if (!/^[a-z0-9]{32}$/.test(key)) return { fault: 'credential-malformed' };
  const row = await database.session(key);
  if (row === undefined) return rejected;
  // The column decides and not the time inside, which `set_expiry()` does not touch.
  if (row.expireDate <= now()) return { fault: 'credential-expired' };
  const signed = readSignedText(row.sessionData, keys.session);
  if (signed === undefined) return rejected;
  return { body: signed.body, expiresAt: row.expireDate, tokenId: sessionId(key) };
}

/** By which one session can be revoked and found in the audit log; the key itself would open the host to its reader. */
function sessionId(key: string): string {
  return `django:${createHash('sha256').update(key).digest('hex')}`;
}

function verifySignedCookie(
  text: string,
  { keys, now, maxAgeMs }: { readonly keys: Keys; readonly now: number; readonly maxAgeMs: number },
): SessionResult {
  const signed = readSignedText(text, keys.session);
  if (signed === undefined) return rejected;
  const { body, signedAt } = signed;
  if (signedAt > now + clockSkewMs) return rejected;
  const expiresAt = signedAt + maxAgeMs;
  return now > expiresAt ? { fault: 'credential-expired' } : { body, expiresAt };
}

async function identify(
  { body, ...lifetime }: VerifiedSession,
  deps: DjangoSessionDeps & { readonly keys: Keys; readonly backends: readonly string[] },
): Promise<Identification> {
  const login = readLogin(body);
  if (login === undefined || !deps.backends.includes(login.backend)) return rejected;
  const user = await deps.database.user(login.userId);
  if (!user?.isActive || !hasPasswordOf(user, login.hash, deps.keys)) return rejected;
  const { id: userId, isStaff, isSuperuser, username } = user;
  const name = displayName(username);
  return { principal: { kind: 'visitor', userId, isStaff, isSuperuser, name, ...lifetime } };
}

/** The hash in the session is of the password column: once the password is another, the session is over. */
function hasPasswordOf(user: DjangoUser, mac: string, keys: Keys): boolean {
  return isSignedBy(keys.password, user.password, { mac, encoding: 'hex' });
}

interface Login {
  readonly userId: string;
  readonly backend: string;
  readonly hash: string;
}

/** Who logged in, by the body of a session; `undefined` when nobody did, or when it cannot be read. */
function readLogin(body: string): Login | undefined {
  const payload = readPayload(body);
  // Django writes integer and UUID keys as texts, too.
  const userId = printableText(payload?.get('_auth_user_id'), maxIdLength);
  const backend = payload?.get('_auth_user_backend');
  const hash = payload?.get('_auth_user_hash');
  if (userId === undefined || typeof backend !== 'string') return undefined;
  return typeof hash === 'string' && hash !== '' ? { userId, backend, hash } : undefined;
}

/** `signing.loads` of Django: base64url without padding, after a dot compressed by zlib, and a JSON object inside. */
function readPayload(body: string): Members | undefined {
  const compressed = body.startsWith('.');
  const text = compressed ? body.slice(1) : body;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text || bytes.length > maxPayloadLength) return undefined;
  const payload = compressed ? inflated(bytes) : bytes;
  return payload && parseJsonObject(payload);
}

function inflated(bytes: Buffer): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: maxPayloadLength });
  } catch {
    return undefined;
  }
}
