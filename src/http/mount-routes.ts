import type { FastifyInstance, FastifyPluginCallback } from 'fastify';

/** Collects the paths of all routes that are added to this server after the call. */
export function collectPaths(server: FastifyInstance, paths: Set<string>): void {
  server.addHook('onRoute', ({ url }) => {
    // The route of the CORS plugin for every OPTIONS.
    if (url !== '*') paths.add(url);
  });
}

/**
 * A plugin that passes requests for these paths to a server that does not listen, before a body is read. So a route works as on the
 * server's own port, whatever parsers, hooks and error handlers the application has.
 */
export function mountRoutes(
  server: FastifyInstance,
  paths: ReadonlySet<string>,
): FastifyPluginCallback {
  return (application, _options, done) => {
    const { prefix } = application;
    for (const url of paths) {
      application.all(url, {
        onRequest: (request, reply) => {
          reply.hijack();
          // The routes of a plugin contain its prefix; those of the mounted server do not.
          request.raw.url = request.raw.url?.slice(prefix.length);
          server.routing(request.raw, reply.raw);
        },
        handler: () => undefined,
      });
    }
    done();
  };
}
