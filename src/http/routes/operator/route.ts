import { timingSafeEqual, createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Origin, SecurityEventType } from '../../../audit/audit-event.ts';
import type { Secret } from '../../../runtime/secret.ts';
import { originOf } from '../../input/auth-request.ts';
import { headerValues } from '../../input/raw-headers.ts';
import { RequestProblem } from '../../output/problem.ts';
import { livezDocs, readyzDocs } from './docs.ts';

export interface ProbeDeps {
  /** Each resolves if its dependency responds. */
  readonly pings: readonly (() => Promise<void>)[];
  readonly isClosing: () => boolean;
  /** True while some decisions are not written to the audit log. */
  readonly isDegraded: () => boolean;
  /** Returns the scope in which limits are counted. `undefined` if replicas cannot share limits. */
  readonly limitScope: (() => Promise<'shared' | 'local'>) | undefined;
  /** Returns the problems of the last reload of the policy, if it failed. */
  readonly policyProblems: () => readonly string[] | undefined;
  /** Whether a file with a secret cannot be used. */
  readonly hasSecretFailures: () => boolean;
}

/** Adds `/livez`, which checks the process, and `/readyz`, which also checks all required dependencies. */
export function addProbes(
  server: FastifyInstance,
  { pings, isClosing, isDegraded, limitScope, policyProblems, hasSecretFailures }: ProbeDeps,
): void {
  server.get('/livez', { config: { docs: livezDocs } }, () => ({ status: 'live' }));
  server.get('/readyz', { config: { docs: readyzDocs } }, async (_request, reply) => {
    if (isClosing()) return reply.code(503).send({ status: 'closing' });
    await Promise.all(pings.map((ping) => ping()));
    // Still a 200: without this replica, the others would receive its requests and lose more audit rows.
    const status = isDegraded() ? 'degraded' : 'ready';
    const limits = limitScope && { limits: await limitScope() };
    // Still ready: the last policy is in use.
    return {
      status,
      ...limits,
      ...(policyProblems() && { policy: 'outdated' }),
      ...(hasSecretFailures() && { secrets: 'outdated' }),
    };
  });
}

export interface GuardDeps {
  /** Returns the tokens that are accepted; none if the port is on loopback without one. */
  readonly tokens: () => readonly Secret[];
  /** Writes a security event for a rejected request. Throws `Unavailable`. */
  readonly recordRejected: (signal: SecurityEventType, origin: Origin) => Promise<void>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for a route of the operator's port that needs no token. The rules for a port without a token still apply to it. */
    isOpenWithToken?: boolean;
  }
}

/** Probes have no token. */
const open = new Set(['/livez', '/readyz']);

/**
 * Protects the operator's port. With a token configured, a request must contain it. Without one, the port is on
 * loopback and a request must have a loopback `Host` and must not come from a foreign page. Otherwise a page in the
 * operator's browser could reach the port by DNS rebinding, or with a form, which needs no preflight.
 */
export function guardOperator(
  server: FastifyInstance,
  { tokens, recordRejected }: GuardDeps,
): void {
  server.addHook('onRequest', async (request) => {
    if (open.has(request.routeOptions.url ?? '')) return;
    const expected = tokens().map((token) => digest(`Bearer ${token.reveal()}`));
    if (expected.length === 0) {
      if (isLoopbackRequest(request)) return;
      await recordRejected('cross-origin', originOf(request));
      throw new RequestProblem(403, 'Use localhost');
    }
    // A browser cannot send a token with the address of a page.
    if (request.routeOptions.config.isOpenWithToken === true) return;
    const shown = digest(request.headers.authorization ?? '');
    if (expected.some((each) => timingSafeEqual(shown, each))) return;
    await recordRejected('authentication-failed', originOf(request));
    throw new RequestProblem(401, 'The operator’s token is required');
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** True if `Host` is a loopback name and the request does not come from a foreign page. */
function isLoopbackRequest({ headers: { origin }, raw: { rawHeaders } }: FastifyRequest): boolean {
  // Node keeps the first of two `Host` headers. A proxy in front of Usher may use the last one (RFC 9112 §3.2).
  const [host, secondHost] = headerValues(rawHeaders, 'host');
  return secondHost === undefined && namesLoopback(host) && isOwnPage(origin, host);
}

/**
 * Checks the `Host` header itself: behind a trusted proxy, Fastify's `hostname` comes from a header that a page can
 * set.
 */
function namesLoopback(header = ''): boolean {
  const [, host = ''] = /^(.+?)(?::[0-9]*)?$/.exec(header) ?? [];
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * True if the request has no foreign `Origin`. Browsers send `Origin` with every request that can change state. Other
 * clients omit it.
 */
function isOwnPage(origin: string | undefined, host = ''): boolean {
  return origin === undefined || origin === `http://${host}`;
}
