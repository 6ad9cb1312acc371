import type { FastifyInstance } from 'fastify';
import type { NamedResult } from '../../../cli/doctor/run-checks.ts';
import { doctorDocs } from './docs.ts';

interface DoctorRouteDeps {
  readonly runChecks: () => Promise<readonly NamedResult[]>;
}

/** Adds `GET /doctor` to the operator's port. */
export function addDoctor(server: FastifyInstance, { runChecks }: DoctorRouteDeps): void {
  server.get('/doctor', { config: { docs: doctorDocs } }, async (_request, reply) => {
    const checks = await runChecks();
    void reply.header('cache-control', 'no-store');
    return { checks: checks.map(({ name, result }) => ({ name, ...result })) };
  });
}
