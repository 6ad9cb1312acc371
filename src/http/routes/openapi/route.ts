import type { FastifyInstance } from 'fastify';
import {
  writeDocument,
  type DocumentedRoute,
  type DocumentedServers,
} from '../../openapi/document.ts';
import { docsPage, pagePolicy } from './page.ts';
import { json, type Operation, type Schema } from '../../openapi/operation.ts';
import { guarded, guardFaults } from '../operator/docs.ts';
import { responsesFor } from '../../output/route-docs.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The documentation of the route. It is not used while requests are handled. */
    docs?: Operation;
  }
}

/** Collects the documentation of all routes that are added to this server after the call. */
export function collectDocs(server: FastifyInstance, routes: DocumentedRoute[]): void {
  server.addHook('onRoute', ({ method, url, schema, config }) => {
    // Fastify adds a HEAD route for each GET route.
    if (config?.docs === undefined || method === 'HEAD') return;
    const params = schema?.params as { readonly properties: Record<string, Schema> } | undefined;
    const body = schema?.body as Schema | undefined;
    routes.push({
      method: String(method),
      path: url,
      operation: config.docs,
      authorizes: config.action !== undefined,
      ...(params && { params: params.properties }),
      ...(body && { body }),
    });
  });
}

const docs: Operation = {
  tags: ['Operating'],
  summary: 'This document',
  description: 'As a page for `Accept: text/html`, which browsers send; as JSON otherwise.',
  security: guarded,
  responses: {
    200: json('The routes of both ports, as OpenAPI 3.1', { type: 'object' }, {}),
    ...responsesFor(guardFaults),
  },
};

/**
 * Adds `GET /docs` to the operator's port: one OpenAPI document with the routes of both ports, as `servers` returns them at the
 * time of the request.
 */
export function addDocs(
  server: FastifyInstance,
  servers: () => DocumentedServers,
  publicAddress: string,
): void {
  server.get('/docs', { config: { docs } }, ({ headers: { accept = '' } }, reply) => {
    const document = writeDocument(servers(), publicAddress);
    void reply.header('vary', 'Accept');
    // Browsers list HTML first. A client that lists JSON first gets JSON.
    if (!/^[^,]*\btext\/html\b/i.test(accept)) return document;
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', pagePolicy)
      .send(docsPage(document));
  });
}
