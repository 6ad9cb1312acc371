import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { malformed, type RequestProblem } from '../output/problem.ts';
import { maxCharacters } from './lengths.ts';

const malformedTargets = new WeakSet<IncomingMessage>();

/**
 * Makes a request target that the router can read. The router would answer a malformed one by itself, without its route and
 * before any hook: without a record, a limit and CORS headers. Escaped, it leads to the route that was meant.
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
  // RFC 9112 §3.2.2: with a host, and without a fragment.
  if (isAbsolute && !(/^https?:\/\/[^/?#]+[^#]*$/i.test(url) && URL.canParse(url))) return false;
  const [path = ''] = url.split(/[?#]/);
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** Refuses a path that is malformed or has a part that is too long, when its route is known. */
export function refuseMalformedPaths(server: FastifyInstance): void {
  // After `onRequest`, which adds CORS headers, and refuses other methods and strangers at the operator's port.
  // eslint-disable-next-line max-params -- Fastify's signature of this hook
  server.addHook('preParsing', (request, _reply, payload, done) => {
    done(problemOf(request), payload);
  });
}

function problemOf({ raw, params, is404 }: FastifyRequest): RequestProblem | null {
  if (malformedTargets.has(raw)) return malformed('The path is malformed');
  // The one parameter of "no such route" is the whole path.
  if (is404) return null;
  const parts = params as Readonly<Record<string, string>>;
  for (const name in parts) {
    const { length } = parts[name] ?? '';
    if (length > maxCharacters.id) return malformed(`The ${name} in the path is too long`);
  }
  return null;
}
