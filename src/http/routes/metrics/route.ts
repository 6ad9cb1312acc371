import type { FastifyInstance } from 'fastify';
import { metricsDocs } from '../operator/docs.ts';

/** Returns all metrics in the text format of Prometheus. */
type ReadMetrics = () => Promise<{ readonly contentType: string; readonly text: string }>;

/** Adds `GET /metrics` to the operator's port, for Prometheus. */
export function addMetrics(server: FastifyInstance, readMetrics: ReadMetrics): void {
  server.get('/metrics', { config: { docs: metricsDocs } }, async (_request, reply) => {
    const { contentType, text } = await readMetrics();
    return reply.type(contentType).send(text);
  });
}
