import type { FastifyContextConfig, FastifyInstance } from 'fastify';
import { RequestProblem } from '../output/problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for the routes that reject the other methods of a path. */
    isOtherMethod?: boolean;
    /** True for a route that takes all methods, of which another route documents one. */
    isAnyMethod?: boolean;
  }
}

interface Path {
  readonly methods: Set<string>;
  readonly config: FastifyContextConfig;
}

/**
 * Collects the routes that are added after this call. The returned function, called after the last route, adds 405 responses
 * with `Allow` for the other methods of their paths (RFC 9110 §15.5.6). Fastify's own 404 suggests a wrong path.
 */
export function collectMethods(server: FastifyInstance): () => void {
  const paths = new Map<string, Path>();
  server.addHook('onRoute', ({ url, method, config = {} }) => {
    if (config.isOtherMethod === true) return;
    const path = paths.get(url) ?? { methods: new Set(), config };
    paths.set(url, path);
    for (const each of [method].flat()) path.methods.add(each);
  });
  return () => {
    // As a plugin, since earlier plugins may still add routes.
    void server.register((scope, _options, done) => {
      for (const [url, path] of paths) rejectOtherMethods(scope, url, path);
      done();
    });
  };
}

function rejectOtherMethods(server: FastifyInstance, url: string, { methods, config }: Path): void {
  const allow = [...methods].sort().join(', ');
  // The CORS plugin handles OPTIONS for all paths.
  const others = server.supportedMethods.filter((each) => !methods.has(each) && each !== 'OPTIONS');
  const { errorBody, action } = config;
  if (others.length === 0) return;
  server.route({
    url,
    method: others,
    exposeHeadRoute: false,
    config: { isOtherMethod: true, ...(errorBody && { errorBody }), ...(action && { action }) },
    // Before a body is read.
    onRequest: ({ method }, _reply, done) => {
      done(new RequestProblem(405, `This route accepts ${allow}, not ${method}`, { allow }));
    },
    handler: () => undefined,
  });
}
