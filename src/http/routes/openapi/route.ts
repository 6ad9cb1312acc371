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
    /** What the route says of itself. Nothing of it is looked at while requests are answered. */
    docs?: Operation;
  }
}

/** Keeps what the routes of a listener say of themselves, of all that are added from here on. */
export function collectDocs(server: FastifyInstance, routes: DocumentedRoute[]): void {
  server.addHook('onRoute', ({ method, url, schema, config }) => {
    // A HEAD route is its GET route once more.
    if (config?.docs === undefined || method === 'HEAD') return;
    const params = schema?.params as { readonly properties: Record<string, Schema> } | undefined;
    const body = schema?.body as Schema | undefined;
    routes.push({
      ...{ method: String(method), path: url, operation: config.docs },
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

/** Adds `GET /docs` to the operator's port: both ports' routes in one OpenAPI document. */
export function addDocs(
  server: FastifyInstance,
  servers: DocumentedServers,
  publicAddress: string,
): void {
  server.get('/docs', { config: { docs } }, ({ headers: { accept = '' } }, reply) => {
    const document = writeDocument(servers, publicAddress);
    void reply.header('vary', 'Accept');
    // Browsers name HTML first; a program that names both gets the first.
    if (!/^[^,]*\btext\/html\b/i.test(accept)) return document;
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', pagePolicy)
      .send(docsPage(document));
  });
}
