import { malformed, maxTokenLength, rejected, type RefusedCredential } from '../credential.ts';
import { describeType } from '../../runtime/describe-type.ts';
import { parseJsonMembers, type Members } from '../json-object.ts';
import type { KeyHint } from './token-key.ts';

/**
 * Header parameters that change what is signed or how it is read (RFC 7515 §4.1.11, RFC 7797). All others are ignored, as
 * RFC 7515 §4 says, also those with a key or with its address (`jwk`, `jku`, `x5u`, `x5c`): some issuers send them.
 */
const forbidden = ['crit', 'b64'];

/**
 * The media types of a JWT and of an access token (RFC 9068). Other types, such as logout tokens, serve other purposes.
 */
const acceptedTypes = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt']);

/**
 * Validates the form of a compact JWT before any cryptography and returns the key hint of its header. A token has at
 * most 16,384 characters and three canonical segments. `typ` is missing or the type of a JWT (RFC 8725 §3.11).
 */
export function readJwtHeader(
  text: string,
): { readonly hint: KeyHint } | Required<RefusedCredential> {
  if (text.length > maxTokenLength) return malformed('token has at most 16,384 characters');
  const segments = text.split('.');
  const [encoded = ''] = segments;
  if (segments.length !== 3 || !segments.every(isCanonical)) {
    return malformed(`token is a JWT of three base64url segments: found ${formOf(segments)}`);
  }
  const header = parseJsonMembers(Buffer.from(encoded, 'base64url'));
  return header ? readHint(header) : malformed('token header is a JSON object');
}

function readHint(header: Members): { readonly hint: KeyHint } | Required<RefusedCredential> {
  // Some libraries write null for a parameter that the application does not set.
  const [alg, kid, typ] = ['alg', 'kid', 'typ'].map((name) => header.get(name) ?? undefined);
  if (typeof alg !== 'string') return malformed(notText('alg', alg));
  if (!isTextOrAbsent(kid)) return malformed(notText('kid', kid));
  if (!isTextOrAbsent(typ)) return malformed(notText('typ', typ));
  if (typ !== undefined && !acceptedTypes.has(typ.toLowerCase())) {
    return rejected('typ of the token header is JWT or at+jwt: found a text');
  }
  const name = forbidden.find((one) => header.has(one));
  return name === undefined
    ? { hint: { alg, ...(kid !== undefined && { kid }) } }
    : rejected(`token header has no ${name}`);
}

const notText = (name: string, found: unknown) =>
  `${name} of the token header is a text: found ${describeType(found)}`;

/** The form of a text that is no JWT: few different ones, because a metric has them as a label. */
function formOf([version = '', purpose = '', ...others]: readonly string[]): string {
  if (purpose === '' && others.length === 0) return 'an opaque text';
  if (/^v[1-4]$/.test(version) && /^(?:public|local)$/.test(purpose)) return 'a PASETO';
  if (others.length === 3) return 'five, as of an encrypted token (JWE)';
  return others.length === 1 ? 'three with other characters, or an empty one' : 'another number';
}

/** Decoders accept padding, white space and unused bits, so one token would have several encodings (RFC 4648 §3.5). */
function isCanonical(segment: string): boolean {
  return segment !== '' && Buffer.from(segment, 'base64url').toString('base64url') === segment;
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
