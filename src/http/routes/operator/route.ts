import type { FastifyInstance } from 'fastify';
import { livezDocs, readyzDocs } from './docs.ts';

interface ProbeDeps {
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
