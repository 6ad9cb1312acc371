import { timingSafeEqual, createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Origin, SecurityEventType } from '../../../audit/audit-event.ts';
import type { Secret } from '../../../runtime/secret.ts';
import { originOf } from '../../input/auth-request.ts';
import { headerValues } from '../../input/raw-headers.ts';
import { RequestProblem } from '../../output/problem.ts';
import { livezDocs, readyzDocs } from './docs.ts';

/** What the probes ask. */
export interface ProbeDeps {
  /** Each resolves when a dependency answers. */
  readonly pings: readonly (() => Promise<void>)[];
  readonly isClosing: () => boolean;
  /** True while decisions are answered that do not get on record. */
  readonly isDegraded: () => boolean;
  /** How limits are counted, where replicas can count together. */
  readonly limitScope: (() => Promise<'shared' | 'local'>) | undefined;
}

/** Adds `/livez` (the process answers) and `/readyz` (so does everything it cannot do without). */
export function addProbes(
  server: FastifyInstance,
  { pings, isClosing, isDegraded, limitScope }: ProbeDeps,
): void {
  server.get('/livez', { config: { docs: livezDocs } }, () => ({ status: 'live' }));
  server.get('/readyz', { config: { docs: readyzDocs } }, async (_request, reply) => {
    if (isClosing()) return reply.code(503).send({ status: 'closing' });
    await Promise.all(pings.map((ping) => ping()));
    // Still 200: without us, the others would have our requests as well, and lose more records.
    const status = isDegraded() ? 'degraded' : 'ready';
    return { status, ...(limitScope && { limits: await limitScope() }) };
  });
}

/** What guards the operator's port. */
export interface GuardDeps {
  readonly token: Secret | undefined;
  /** Puts a request that was turned away on record. Throws `Unavailable`. */
  readonly recordRejected: (signal: SecurityEventType, origin: Origin) => Promise<void>;
}

/** Probes come from machines that hold no token. */
const open = new Set(['/livez', '/readyz']);

/**
 * Guards the operator's port: with a token, only for who shows it; without one the port is on loopback,
 * and only a request that also names loopback and comes from no foreign page passes, or a page in the operator's own browser
 * could reach it: by rebinding its name, or with a form, which no preflight precedes.
 */
export function guardOperator(server: FastifyInstance, { token, recordRejected }: GuardDeps): void {
  const expected = token === undefined ? undefined : digest(`Bearer ${token.reveal()}`);
  server.addHook('onRequest', async (request) => {
    if (open.has(request.routeOptions.url ?? '')) return;
    if (expected === undefined) {
      if (isLoopbackRequest(request)) return;
      await recordRejected('cross-origin', originOf(request));
      throw new RequestProblem(403, 'Ask by localhost');
    }
    const shown = digest(request.headers.authorization ?? '');
    if (timingSafeEqual(shown, expected)) return;
    await recordRejected('authentication-failed', originOf(request));
    throw new RequestProblem(401, 'The operator’s token is required');
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** True when the request names loopback and comes from no foreign page. */
function isLoopbackRequest({ headers: { origin }, raw: { rawHeaders } }: FastifyRequest): boolean {
  // Node keeps the first of two; what stands before us may go by the last (RFC 9112 §3.2).
  const [host, secondHost] = headerValues(rawHeaders, 'host');
  return secondHost === undefined && namesLoopback(host) && isOwnPage(origin, host);
}

/** Reads the header itself: behind a trusted proxy, Fastify's own `hostname` is a header that a page may set. */
function namesLoopback(header = ''): boolean {
  const [, host = ''] = /^(.+?)(?::[0-9]*)?$/.exec(header) ?? [];
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Browsers say `Origin` with every request that can change something; other clients do not say it at all. */
function isOwnPage(origin: string | undefined, host = ''): boolean {
  return origin === undefined || origin === `http://${host}`;
}
