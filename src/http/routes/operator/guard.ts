import { timingSafeEqual, createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Origin, SecurityEventType } from '../../../audit/audit-event.ts';
import type { Secret } from '../../../runtime/secret.ts';
import { originOf } from '../../input/auth-request.ts';
import { headerValues } from '../../input/raw-headers.ts';
import { RequestProblem } from '../../output/problem.ts';
import { foreignMessages } from './docs.ts';

interface GuardDeps {
  /** Returns the tokens that are accepted; none if the port is on loopback without one. */
  readonly tokens: () => readonly Secret[];
  /** The names of the port, in lower case, besides `localhost`. */
  readonly names: readonly string[];
  /** Writes a security event for a rejected request. Throws `Unavailable`. */
  readonly writeRejected: (signal: SecurityEventType, origin: Origin) => Promise<void>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for a route of the operator's port that needs no token. Its `Host` is checked like that of the others. */
    isOpenWithToken?: boolean;
    /** True for a page without data that a link on another site may open. */
    isOpenByLink?: boolean;
  }
}

/** Kubelets and load balancers send any host name, and have no token. The status is not secret. */
const probes = new Set(['/livez', '/readyz']);

/**
 * Protects the operator's port. A page in the operator's browser could reach the port by DNS rebinding: its own name, which
 * now has the address of this port. So a request must name an IP address, `localhost` or a name that a setting lists. It
 * must not come from a page of another origin, whose forms need no preflight. With a token configured, it must contain it;
 * without one, the port is on loopback, and a request must name it by a loopback address.
 */
export function guardOperator(
  server: FastifyInstance,
  { tokens, names, writeRejected }: GuardDeps,
): void {
  server.addHook('onRequest', async (request) => {
    const route = request.routeOptions.url ?? '';
    const expected = tokens();
    const { isOpenByLink = false } = request.routeOptions.config;
    const by = { names, hasToken: expected.length > 0, isProbe: probes.has(route), isOpenByLink };
    const foreign = foreignPart(request, by);
    if (foreign !== undefined) {
      await writeRejected('cross-origin', originOf(request));
      throw new RequestProblem(403, by.hasToken ? foreignMessages[foreign] : foreignMessages.local);
    }
    // A browser cannot send a token with the address of a page.
    const isOpen = by.isProbe || request.routeOptions.config.isOpenWithToken === true;
    if (isOpen || !by.hasToken) return;
    if (showsToken(request, expected)) return;
    await writeRejected('authentication-failed', originOf(request));
    throw new RequestProblem(401, 'The operator’s token is required');
  });
}

function showsToken(
  { headers: { authorization = '' } }: FastifyRequest,
  tokens: readonly Secret[],
): boolean {
  const shown = digest(authorization);
  return tokens.some((token) => timingSafeEqual(shown, digest(`Bearer ${token.reveal()}`)));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

interface NamedBy {
  readonly names: readonly string[];
  readonly hasToken: boolean;
  readonly isProbe: boolean;
  readonly isOpenByLink: boolean;
}

/** The part of a request that shows that it is not for this port, or not from a page of this port. */
function foreignPart(
  { headers, raw: { rawHeaders } }: FastifyRequest,
  by: NamedBy,
): 'host' | 'origin' | undefined {
  // Node keeps the first of two `Host` headers. A proxy in front of Usher may use the last one (RFC 9112 §3.2).
  const [host = '', secondHost] = headerValues(rawHeaders, 'host');
  if (!by.isProbe && (secondHost !== undefined || !isNamed(host, by))) return 'host';
  const isOpened = by.isOpenByLink && isLink(headers);
  return isOpened || isOwnPage(headers, host) ? undefined : 'origin';
}

/**
 * Checks the `Host` header itself: behind a trusted proxy, Fastify's `hostname` comes from a header that a page can
 * set.
 */
function isNamed(host: string, { names, hasToken }: NamedBy): boolean {
  const [, name = ''] = /^(\[[^\]]*\]|[^:]*)(?::[0-9]*)?$/.exec(host.toLowerCase()) ?? [];
  if (name === 'localhost' || name === '[::1]' || names.includes(name)) return true;
  // An IP address cannot be rebound. Without a token only loopback addresses are accepted.
  if (isIP(name) === 4) return hasToken || name.startsWith('127.');
  return hasToken && isIP(/^\[(.*)\]$/.exec(name)?.[1] ?? '') === 6;
}

/**
 * True if the request does not come from a page of another origin. Browsers send `Origin` with every request that can
 * change state, and `Sec-Fetch-Site` with every request to localhost or over HTTPS. Other clients omit both.
 */
function isOwnPage(
  { origin, 'sec-fetch-site': site = 'none' }: FastifyRequest['headers'],
  host: string,
): boolean {
  const isOwnOrigin =
    origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
  return isOwnOrigin && (site === 'none' || site === 'same-origin');
}

/**
 * True for a link, or an address that a script opens in a window: the site that did so can read nothing of that window. A
 * form that posts has an `Origin`, and a frame another destination.
 */
function isLink({
  origin,
  'sec-fetch-mode': mode,
  'sec-fetch-dest': destination,
}: FastifyRequest['headers']): boolean {
  return origin === undefined && mode === 'navigate' && destination === 'document';
}
