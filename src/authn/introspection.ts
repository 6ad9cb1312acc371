import { createHash } from 'node:crypto';
import type { Principal } from '../policy/principal.ts';
import { visitorOf } from './visitor.ts';
import type { Secret } from '../runtime/secret.ts';
import type { HostClient } from '../host/host-client.ts';
import type { BoundedResponse } from '../runtime/network/bounded-fetch.ts';
import { displayName, optionalClaim, readId } from './claims.ts';
import type { Identification } from './credential.ts';
import type { CredentialReader } from './identify.ts';
import { parseJsonObject } from './json-object.ts';
import { createTtlCache } from './ttl-cache.ts';

/** The host's introspection endpoint for session cookies. */
export interface IntrospectionSettings {
  readonly url: URL;
  /** The only cookie that is forwarded. */
  readonly cookieName: string;
  /** Sent as bearer token, so that the host can distinguish Usher's requests from visitors' requests. */
  readonly secret?: Secret;
  readonly client: HostClient;
  readonly now: () => number;
}

const maxCookieLength = 8192;
/**
 * How long a result is cached, in milliseconds. A logout takes effect after at most `signedInMs`, a login after at most
 * `notSignedInMs`.
 */
const cacheSettings = { signedInMs: 5_000, notSignedInMs: 1_000, entries: 10_000 } as const;
/** The expiry of a session whose response has no `expires_at`, in milliseconds. */
const unknownExpiryMs = 3_600_000;

const notSignedIn: ReadonlySet<number> = new Set([401, 403, 404]);
const rejected = { fault: 'credential-rejected' } as const;

/**
 * Creates the reader that sends a session cookie to the host. A 200 with `{user_id, is_staff?, is_superuser?, name?,
 * expires_at?}` identifies the visitor (`expires_at` in ISO 8601 with a time zone). A 401, 403 or 404 means that nobody
 * is logged in. Any other status or body, a redirect, and no response throw `Unavailable`.
 */
export function createIntrospectionReader(settings: IntrospectionSettings): CredentialReader {
  const cache = createTtlCache<Identification>({
    maxEntries: cacheSettings.entries,
    now: settings.now,
  });
  async function introspect(cookie: string, key: string): Promise<Identification> {
    const result = await settings.client.ask({
      key,
      url: settings.url,
      headers: headersOf(cookie, settings),
      read: (answer) => readAnswer(answer, settings.now()),
    });
    cache.set(key, result, cacheLifetimeMs(result, settings.now()));
    return result;
  }

  return async (cookie) => {
    // An invalid cookie value must not be sent in a header: it could add a second cookie, and the error message would
    // quote it.
    if (!/^[!#-+\--:<-[\]-~"]+$/.test(cookie) || cookie.length > maxCookieLength) {
      return { fault: 'credential-malformed' };
    }
    // The key is a hash, so that the cache contains no cookies.
    const key = createHash('sha256').update(cookie).digest('base64');
    const result = cache.get(key) ?? (await introspect(cookie, key));
    return unlessExpired(result, settings.now());
  };
}

/** Does not cache beyond the expiry of the session, because the host may have renewed the session. */
function cacheLifetimeMs(result: Identification, now: number): number {
  if ('fault' in result) return cacheSettings.notSignedInMs;
  return Math.min(cacheSettings.signedInMs, result.principal.expiresAt - now);
}

function unlessExpired(result: Identification, now: number): Identification {
  const ended = 'principal' in result && result.principal.expiresAt <= now;
  return ended ? { fault: 'credential-expired' } : result;
}

function headersOf(
  cookie: string,
  { cookieName, secret }: IntrospectionSettings,
): Readonly<Record<string, string>> {
  return {
    accept: 'application/json',
    cookie: `${cookieName}=${cookie}`,
    ...(secret && { authorization: `Bearer ${secret.reveal()}` }),
  };
}

/** Throws if the answer says neither who is logged in nor that nobody is. */
function readAnswer({ status, text }: BoundedResponse, now: number): Identification {
  if (notSignedIn.has(status)) return rejected;
  if (status !== 200) throw new Error(`answered with status ${status}`);
  return { principal: readVisitor(text, now) };
}

/**
 * Validates every member strictly: a host that responds with `"is_staff": "false"` must not make every visitor staff.
 */
function readVisitor(text: string, now: number): Principal {
  const result = parseJsonObject(Buffer.from(text));
  const userId = readId(result?.get('user_id'));
  if (result === undefined || userId === undefined) {
    throw new Error('answered without a JSON object that has a user_id');
  }
  const optional = <T>(name: string, read: (value: unknown) => T | undefined): T | undefined => {
    const member = optionalClaim(result.get(name), read);
    if (member === undefined) throw new Error(`answered with a wrong ${name}`);
    return member.value;
  };
  const name = optional('name', (value) =>
    typeof value === 'string' ? displayName(value) : undefined,
  );
  const isStaff = optional('is_staff', readBoolean);
  const isSuperuser = optional('is_superuser', readBoolean);
  const expiresAt = optional('expires_at', readDatetime) ?? now + unknownExpiryMs;
  return visitorOf({ id: userId, isStaff, isSuperuser, name }, { expiresAt });
}

const readBoolean = (value: unknown) => (typeof value === 'boolean' ? value : undefined);

/** Parses a date-time of RFC 3339 into milliseconds. A date-time without a time zone is ambiguous and refused. */
function readDatetime(value: unknown): number | undefined {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
  const time = typeof value === 'string' && form.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? undefined : time;
}
