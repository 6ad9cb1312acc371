import type { FastifyRequest } from 'fastify';
import { Secret } from '../../../runtime/secret.ts';
import { headerLines } from '../../input/auth-request.ts';
import { malformed } from '../../output/problem.ts';

/** What a request shows of the chat server that it is about, or that makes it; an empty header counts as missing. Throws a 400 when a header is repeated. */
export function chatServerCredentials(request: FastifyRequest): {
  readonly key: string | undefined;
  readonly secret: Secret | undefined;
} {
  const secret = headerText(request, 'X-Chat-Server-Secret');
  return {
    key: headerText(request, 'X-Chat-Server-Key'),
    secret: secret === undefined ? undefined : new Secret(secret),
  };
}

/** Node joins two lines to one text, which is the key or the secret of nobody; a secret may hold commas of its own. */
function headerText(request: FastifyRequest, name: string): string | undefined {
  const [text = '', ...more] = headerLines(request, name);
  if (more.length > 0) throw malformed(`${name} is repeated`);
  return text === '' ? undefined : text;
}
