import { createHash } from 'node:crypto';
import { createTtlCache } from '../runtime/caches.ts';
import { expired, type Identification } from './credential.ts';

/**
 * The times for which a response of an application is cached, in milliseconds. A logout takes effect after at most `knownMs`, a login after at
 * most `unknownMs`.
 */
const settings = { knownMs: 5_000, unknownMs: 1_000, entries: 10_000 } as const;

/**
 * Identifies the visitor of a credential, by the cache or else at the application. `identify` gets the key of the credential, which is a hash:
 * neither this cache nor queued requests contain credentials.
 */
type CachedIdentification = (
  credential: string,
  /** The declaration in the policy by which a response is read. Responses are not shared between declarations. */
  declared: object | undefined,
  identify: (key: string) => Promise<Identification>,
) => Promise<Identification>;

/** Creates an empty cache. Errors are not cached. */
export function createIdentificationCache(now: () => number): CachedIdentification {
  const cache = createTtlCache<Identification>({ maxEntries: settings.entries, now });
  const versions = new WeakMap<object, number>();
  let last = 0;
  const versionOf = (declared: object): number => {
    const version = versions.get(declared) ?? (last += 1);
    versions.set(declared, version);
    return version;
  };
  return async (credential, declared, identify) => {
    const version = declared === undefined ? 0 : versionOf(declared);
    const key = createHash('sha256').update(`${version} ${credential}`).digest('base64');
    const cached = cache.get(key);
    if (cached !== undefined) return unlessExpired(cached, now());
    const result = await identify(key);
    cache.set(key, result, lifetimeMs(result, now()));
    return unlessExpired(result, now());
  };
}

/** Not beyond the expiry of the credential, because the application may have renewed it. */
function lifetimeMs(result: Identification, now: number): number {
  if ('fault' in result) return settings.unknownMs;
  return Math.min(settings.knownMs, result.principal.expiresAt - now);
}

function unlessExpired(result: Identification, now: number): Identification {
  const ended = 'principal' in result && result.principal.expiresAt <= now;
  return ended ? expired('expiry in the response of the server is in the future') : result;
}
