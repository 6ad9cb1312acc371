import type { FastifyRequest } from 'fastify';
import { Secret } from '../../../runtime/secret.ts';
import { headerValues } from '../../input/raw-headers.ts';
import { malformed } from '../../output/problem.ts';

/**
 * Extracts the key id and the secret of a chat server. An empty header counts as missing. Throws a 400 if a header is
 * repeated.
 */
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

/**
 * Reads the raw header lines, because Node joins repeated lines into one text. A comma does not prove a repetition,
 * because a secret may contain commas.
 */
function headerText(request: FastifyRequest, name: string): string | undefined {
  const [text = '', ...more] = headerValues(request.raw.rawHeaders, name);
  if (more.length > 0) throw malformed(`${name} is repeated`);
  return text === '' ? undefined : text;
}
