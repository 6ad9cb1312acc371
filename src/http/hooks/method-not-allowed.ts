import type { FastifyContextConfig, FastifyInstance } from 'fastify';
import { RequestProblem } from '../output/problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for the methods that a path does not take. */
    isOtherMethod?: boolean;
  }
}

interface Path {
  readonly methods: Set<string>;
  readonly config: FastifyContextConfig;
}

/**
 * Notes the routes that are added from here on; what it returns, called after all of them, has every other method of
 * their paths answered 405 with `Allow` (RFC 9110 §15.5.6). Fastify answers 404, which suggests a wrong path.
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
    // As a plugin, because plugins that add routes run in their turn.
    void server.register((scope, _options, done) => {
      for (const [url, path] of paths) rejectOtherMethods(scope, url, path);
      done();
    });
  };
}

function rejectOtherMethods(server: FastifyInstance, url: string, { methods, config }: Path): void {
  const allow = [...methods].sort().join(', ');
  // Preflights are answered for all paths in one place.
  const others = server.supportedMethods.filter((each) => !methods.has(each) && each !== 'OPTIONS');
  const { errorBody, action } = config;
  server.route({
    ...{ url, method: others, exposeHeadRoute: false },
    config: { isOtherMethod: true, ...(errorBody && { errorBody }), ...(action && { action }) },
    // Before a body is read.
    onRequest: ({ method }, _reply, done) => {
      done(new RequestProblem(405, `This route takes ${allow}, not ${method}`, { allow }));
    },
    handler: () => undefined,
  });
}
