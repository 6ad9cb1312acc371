import type { CredentialFault } from '../credential.ts';
import { parseJsonObject, type Members } from '../json-object.ts';
import type { KeyHint } from './token-key.ts';

const maxTokenLength = 8192;

/**
 * Header parameters with which a token supplies its own key or changes the signed content (RFC 7515 §4.1, RFC 7797).
 */
const forbidden = ['crit', 'b64', 'jwk', 'jku', 'x5u', 'x5c'];

/**
 * The media types of a JWT and of an access token (RFC 9068). Other types, such as logout tokens, serve other purposes.
 */
const acceptedTypes = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt']);

/**
 * Validates the form of a compact JWT before any cryptography and returns the key hint of its header. A token has at
 * most 8192 characters and three canonical segments. `typ` is missing or the type of a JWT (RFC 8725 §3.11).
 */
export function readJwtHeader(
  text: string,
): { readonly hint: KeyHint } | { readonly fault: CredentialFault } {
  const header = decodeHeader(text);
  const alg = header?.get('alg');
  const kid = header?.get('kid');
  const typ = header?.get('typ');
  if (header === undefined || typeof alg !== 'string' || !isTextOrAbsent(kid)) {
    return { fault: 'credential-malformed' };
  }
  if (!isTextOrAbsent(typ)) return { fault: 'credential-malformed' };
  if (typ !== undefined && !acceptedTypes.has(typ.toLowerCase())) {
    return { fault: 'credential-rejected' };
  }
  if (forbidden.some((name) => header.has(name))) return { fault: 'credential-rejected' };
  return { hint: { alg, ...(kid !== undefined && { kid }) } };
}

function decodeHeader(text: string): Members | undefined {
  if (text.length > maxTokenLength) return undefined;
  const segments = text.split('.');
  const [header] = segments;
  if (header === undefined || segments.length !== 3 || !segments.every(isCanonical)) {
    return undefined;
  }
  return parseJsonObject(Buffer.from(header, 'base64url'));
}

/** Decoders accept padding, white space and unused bits, so one token would have several encodings (RFC 4648 §3.5). */
function isCanonical(segment: string): boolean {
  return segment !== '' && Buffer.from(segment, 'base64url').toString('base64url') === segment;
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
