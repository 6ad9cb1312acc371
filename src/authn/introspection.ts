import { createHash } from 'node:crypto';
import type { Visitor } from '../policy/principal.ts';
import type { Secret } from '../runtime/secret.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { fetchBounded } from './bounded-fetch.ts';
import { displayName, optionalClaim, readId } from './claims.ts';
import type { Identification } from './credential.ts';
import type { CredentialReader } from './identify.ts';
import { parseJsonObject } from './json-object.ts';
import { createTtlCache } from './ttl-cache.ts';

/** Whom we ask who a session cookie belongs to. */
export interface IntrospectionSettings {
  readonly url: URL;
  /** The cookie that is forwarded; no other one is. */
  readonly cookieName: string;
  /** Sent as bearer token, so that the host can tell our question from a visitor's. */
  readonly secret?: Secret;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  /** Milliseconds for one question (3 s). */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 3_000;
const maxResponseBytes = 64 * 1024;
const maxCookieLength = 8192;
/** How long an answer counts, in milliseconds: a logout is seen this much later. Somebody who just signed in is let in sooner. */
const cacheSettings = { signedInMs: 5_000, notSignedInMs: 1_000, entries: 10_000 } as const;
/** Questions at once; beyond, a flood of made-up cookies would become a flood at the host. */
const maxConcurrentRequests = 100;
/** After this the host is asked again about a session whose end it did not tell, in milliseconds. */
const unknownExpiryMs = 3_600_000;

const notSignedIn: ReadonlySet<number> = new Set([401, 403, 404]);
const rejected = { fault: 'credential-rejected' } as const;

/**
 * Makes the reader that asks the host about a session cookie: 200 with `{user_id, is_staff?, is_superuser?, name?, expires_at?}`
 * (`expires_at` in ISO 8601 with its zone) is who it is, and 401, 403 or 404 is nobody.
 * Everything else throws `Unavailable`: no answer, a redirect, another status or another body.
 */
export function createIntrospectionReader(settings: IntrospectionSettings): CredentialReader {
  const cache = createTtlCache<Identification>({
    maxEntries: cacheSettings.entries,
    now: settings.now,
  });
  const pending = new Map<string, Promise<Identification>>();

  async function request(cookie: string, key: string): Promise<Identification> {
    try {
      const result = await introspect(cookie, settings);
      cache.set(key, result, cacheLifetimeMs(result, settings.now()));
      return result;
    } finally {
      pending.delete(key);
    }
  }

  return async (cookie) => {
    // What is no cookie value must not get into a header: it could bring a second cookie, and the error would quote it.
    if (!/^[!#-+\--:<-[\]-~"]+$/.test(cookie) || cookie.length > maxCookieLength) {
      return { fault: 'credential-malformed' };
    }
    // Hashed, so that no memory holds cookies for longer than a question takes.
    const key = createHash('sha256').update(cookie).digest('base64');
    let result = cache.get(key) ?? pending.get(key);
    if (result === undefined) {
      if (pending.size >= maxConcurrentRequests) throw unavailable('too many questions at once');
      result = request(cookie, key);
      pending.set(key, result);
    }
    return unlessExpired(await result, settings.now());
  };
}

/** Never beyond the end of the session: the host may have renewed it, and is queried again then. */
function cacheLifetimeMs(result: Identification, now: number): number {
  if ('fault' in result) return cacheSettings.notSignedInMs;
  return Math.min(cacheSettings.signedInMs, result.principal.expiresAt - now);
}

function unlessExpired(result: Identification, now: number): Identification {
  const ended = 'principal' in result && result.principal.expiresAt <= now;
  return ended ? { fault: 'credential-expired' } : result;
}

async function introspect(
  cookie: string,
  settings: IntrospectionSettings,
): Promise<Identification> {
  const { url, fetch, cookieName, secret, timeoutMs = defaultTimeoutMs } = settings;
  const headers = {
    accept: 'application/json',
    cookie: `${cookieName}=${cookie}`,
    ...(secret && { authorization: `Bearer ${secret.reveal()}` }),
  };
  const { status, text } = await fetchBounded({
    ...{ url, fetch, headers, timeoutMs },
    maxBodyBytes: maxResponseBytes,
  }).catch((cause: unknown) => {
    throw new Unavailable('session introspection', { cause });
  });
  if (notSignedIn.has(status)) return rejected;
  if (status !== 200) throw unavailable(`answered with status ${status}`);
  return { principal: readVisitor(text, settings.now()) };
}

/** Strict in every member: a host that answers `"is_staff": "false"` must not make staff of everybody. */
function readVisitor(text: string, now: number): Visitor {
  const result = parseJsonObject(Buffer.from(text));
  const userId = readId(result?.get('user_id'));
  if (result === undefined || userId === undefined) {
    throw unavailable('answered without a JSON object that has a user_id');
  }
  const optional = <T>(name: string, read: (value: unknown) => T | undefined): T | undefined => {
    const member = optionalClaim(result.get(name), read);
    if (member === undefined) throw unavailable(`answered with a wrong ${name}`);
    return member.value;
  };
  const name = optional('name', (value) =>
    typeof value === 'string' ? displayName(value) : undefined,
  );
  return {
    kind: 'visitor',
    userId,
    isStaff: optional('is_staff', readBoolean) ?? false,
    isSuperuser: optional('is_superuser', readBoolean) ?? false,
    expiresAt: optional('expires_at', readDatetime) ?? now + unknownExpiryMs,
    ...(name !== undefined && { name }),
  };
}

const readBoolean = (value: unknown) => (typeof value === 'boolean' ? value : undefined);

/** A date-time of RFC 3339 in milliseconds; without a zone nobody knows which moment it is. */
function readDatetime(value: unknown): number | undefined {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
  const time = typeof value === 'string' && form.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? undefined : time;
}

function unavailable(what: string): Unavailable {
  return new Unavailable('session introspection', { cause: new Error(what) });
}
