import { createHmac, sign } from 'node:crypto';

/** How a token is signed; each with a key of the run. */
export type Signature = 'HS256' | 'RS256' | 'ES256';

/** Seconds; a user's token may live an hour. */
const lifetime = 3_000;

type Claims = Readonly<Record<string, string>>;

/** Signs a JWT (HS256) with these claims, good for fifty minutes from now. */
export function mint(claims: Claims, secret: string): string {
  return mintSigned(claims, 'HS256', secret);
}

/** Signs a JWT with a secret, or with a private key in PEM. */
export function mintSigned(claims: Claims, alg: Signature, key: string): string {
  const iat = Math.floor(Date.now() / 1000);
  const payload = JSON.stringify({ ...claims, iat, exp: iat + lifetime });
  const input = `${headers[alg]}.${encoded(payload)}`;
  return `${input}.${signatureOf(input, alg, key)}`;
}

const encoded = (text: string) => Buffer.from(text).toString('base64url');

const headerOf = (alg: Signature) => encoded(JSON.stringify({ alg, typ: 'JWT' }));
const headers = { HS256: headerOf('HS256'), RS256: headerOf('RS256'), ES256: headerOf('ES256') };

function signatureOf(input: string, alg: Signature, key: string): string {
  if (alg === 'HS256') return createHmac('sha256', key).update(input).digest('base64url');
  const bytes = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return bytes.toString('base64url');
}
