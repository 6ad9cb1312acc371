import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { malformed, type RequestProblem } from '../output/problem.ts';
import { maxCharacters } from './lengths.ts';

const malformedTargets = new WeakSet<IncomingMessage>();

/**
 * Returns a request target that the router can parse. The router would respond to a malformed target itself, before any
 * hook: without an audit row, a limit or CORS headers. The escaped target reaches the intended route.
 */
export function routableTarget(request: IncomingMessage): string {
  const { url = '' } = request;
  if (isRoutable(url)) return url;
  malformedTargets.add(request);
  const [path = ''] = url.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/);
  return path.replaceAll('%', '%25') || '/';
}

function isRoutable(url: string): boolean {
  if (url.startsWith('/') && !url.includes('%')) return true;
  const isAbsolute = /^https?:\/\//i.test(url);
  // RFC 9112 §3.2.2: an absolute target has a host and no fragment.
  if (isAbsolute && !(/^https?:\/\/[^/?#]+[^#]*$/i.test(url) && URL.canParse(url))) return false;
  const [path = ''] = url.split(/[?#]/);
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** Refuses a malformed path and a path with a segment that is too long. Runs after routing, when the route is known. */
export function refuseMalformedPaths(server: FastifyInstance): void {
  // Runs after the `onRequest` hooks, which add CORS headers, refuse other methods, and authenticate operators.
  // eslint-disable-next-line max-params -- Fastify's signature of this hook
  server.addHook('preParsing', (request, _reply, payload, done) => {
    done(problemOf(request), payload);
  });
}

function problemOf({ raw, params, is404 }: FastifyRequest): RequestProblem | null {
  if (malformedTargets.has(raw)) return malformed('The path is malformed');
  // The only parameter of an unknown route is the whole path.
  if (is404) return null;
  const parts = params as Readonly<Record<string, string>>;
  for (const name in parts) {
    const { length } = parts[name] ?? '';
    // The rest of a path, whose segments its route checks.
    if (name === '*') continue;
    if (length > maxCharacters.id) return malformed(`The ${name} in the path is too long`);
  }
  return null;
}
