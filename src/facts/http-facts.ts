import type { BoundedResponse } from '../runtime/network/bounded-fetch.ts';
import { headersHash } from '../application/forwarded.ts';
import { urlOfPath, type FindHttpSource } from '../application/application-client.ts';
import { readJsonObject } from '../application/json-response.ts';
import type { Fact, FactKind, HttpOrigin } from '../policy/fact-kind.ts';
import { createTtlCache, type TtlCache } from '../runtime/caches.ts';
import { isVisible, type FindAtSource } from './facts-at-sources.ts';
import { fitFields } from './fit-fields.ts';
import { UnusableResponse } from './source-errors.ts';

interface HttpFactsDeps {
  readonly findSource: FindHttpSource;
  readonly now: () => number;
}

/** A response, and how long it may be cached, in milliseconds. */
interface FactResponse {
  readonly fact: Fact | undefined;
  readonly freshMs: number;
}

interface KindResponses {
  /** Unique in this process: a kind of a reloaded policy may have the same name, and other fields. */
  readonly number: number;
  readonly cache: TtlCache<FactResponse>;
}

/** Per kind of fact. */
const maxCached = 10_000;

/**
 * Creates the function that requests facts from the application: `GET` with the ids in the path. 200 with an object of the fields is
 * the fact, 404 and 410 mean that there is none. Any other response throws `Unavailable`.
 */
export function createHttpFacts({ findSource, now }: HttpFactsDeps): FindAtSource {
  let kinds = 0;
  const responses = new WeakMap<FactKind, KindResponses>();
  const responsesOf = (kind: FactKind): KindResponses => {
    const known = responses.get(kind);
    if (known !== undefined) return known;
    kinds += 1;
    const created = {
      number: kinds,
      cache: createTtlCache<FactResponse>({ maxEntries: maxCached, now }),
    };
    responses.set(kind, created);
    return created;
  };

  return async (kind, ids, viewer) => {
    const { from } = kind;
    if (from?.type !== 'http') throw new Error(`${kind.name} is not a fact by HTTP`);
    const path = pathOf(kind, ids, from);
    if (path === undefined) return undefined;
    const headers =
      (viewer === 'operator' ? undefined : viewer.headers)?.select(from.forward) ?? {};
    const key = `${path} ${headersHash(headers)}`;
    const { number, cache } = responsesOf(kind);
    const cached = cache.get(key);
    const shown = ({ fact }: FactResponse) =>
      fact && isVisible(kind, fact, viewer) ? fact : undefined;
    if (cached !== undefined) return shown(cached);
    const source = findSource(from.source);
    const sentAt = now();
    const url = urlOfPath(source, path);
    const response = await source.client.send({
      key: `${number} ${key}`,
      url,
      headers: { ...source.headers, ...headers, accept: 'application/json' },
      silenceMs: from.timeoutMs,
      read: (response) => readFitting(kind, response, from),
    });
    const lifetimeMs = response.freshMs - (now() - sentAt);
    if (lifetimeMs > 0) cache.set(key, response, lifetimeMs);
    return shown(response);
  };
}

/** The path with each id as one segment; `undefined` if an id cannot be one, so that no such fact exists. */
function pathOf(kind: FactKind, ids: readonly string[], { path }: HttpOrigin): string | undefined {
  if (ids.length !== kind.ids.length || !ids.every(isSegment)) return undefined;
  const fill = (write: (id: string) => string) =>
    path.replace(/\{(\w+)\}/g, (_braces, name: string) => write(ids[kind.ids.indexOf(name)] ?? ''));
  return step.test(fill(String)) ? undefined : fill(encodeURIComponent);
}

/**
 * A step in a path. nginx decodes `7%2F..%2F8` before it forwards the path, and some servers ignore what follows a semicolon: the
 * fact of 8 would be that of `7/../8`.
 */
const step = /[/\\]\.\.?(?:$|[/\\;])/;

/** Dots alone are steps in a path, even if they are encoded, and a lone surrogate has no UTF-8. */
function isSegment(id: string): boolean {
  return id !== '' && id !== '.' && id !== '..' && !/\p{Cs}/u.test(id);
}

/** Reads a response. Throws `UnusableResponse` with the name of the kind. */
function readFitting(kind: FactKind, response: BoundedResponse, from: HttpOrigin): FactResponse {
  try {
    return readResponse(kind, response, from);
  } catch (error) {
    throw new UnusableResponse(`fact ${kind.name}: ${(error as Error).message}`);
  }
}

function readResponse(
  kind: FactKind,
  response: BoundedResponse,
  { freshMs, members }: HttpOrigin,
): FactResponse {
  const { status, text, contentType, cacheControl } = response;
  const fresh = Math.min(freshMs, allowedMs(cacheControl));
  if (status === 404 || status === 410) return { fact: undefined, freshMs: fresh };
  if (status !== 200) throw new Error(`The response has status ${status}`);
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType ?? '')) {
    throw new Error('The content type of the response is not JSON');
  }
  return { fact: fitFields(kind, readJsonObject(text), members), freshMs: fresh };
}

/** How long the response may be cached. Usher is a shared cache (RFC 9111 §5.2.2). */
function allowedMs(cacheControl: string | null): number {
  const directives = (cacheControl ?? '')
    .toLowerCase()
    .split(',')
    .map((each) => each.trim());
  if (directives.some((each) => /^(?:no-store|no-cache|private)(?:=|$)/.test(each))) return 0;
  const ages = directives.flatMap((each) => {
    if (!/^(?:s-maxage|max-age)(?=[\s=]|$)/.test(each)) return [];
    // A lifetime that cannot be read counts as none (RFC 9111 §4.2.1).
    const [, seconds = 0] = /^[\w-]+\s*=\s*"?(\d+)"?$/.exec(each) ?? [];
    return [Number(seconds) * 1000];
  });
  return Math.min(...ages, Infinity);
}

/** An id that no fact has. */
const madeUpId = 'usher-check';

/** Requests a fact with a made-up id. Throws `Unavailable` if the response is neither a fact nor its absence. */
export async function checkHttpFact(kind: FactKind, find: FindAtSource): Promise<void> {
  const ids = kind.ids.map(() => madeUpId);
  await find(kind, ids, 'operator');
}

/** Whether the request needs headers of a visitor, so that a check cannot send it. */
export function needsVisitor({ forward }: HttpOrigin): boolean {
  return forward.headers.length > 0 || forward.cookies.length > 0;
}
