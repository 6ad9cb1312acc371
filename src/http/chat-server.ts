import type { FastifyRequest } from 'fastify';
import { Secret } from '../core/secret.ts';

/** What a request shows of the chat server that it is about, or that makes it; an empty header counts as missing. */
export function shownChatServer(request: FastifyRequest): {
  readonly key: string | undefined;
  readonly secret: Secret | undefined;
} {
  const secret = headerText(request, 'x-chat-server-secret');
  return {
    key: headerText(request, 'x-chat-server-key'),
    secret: secret === undefined ? undefined : new Secret(secret),
  };
}

function headerText(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
