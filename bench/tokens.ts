import { createHmac, sign } from 'node:crypto';

/** Signature algorithm of a token. */
export type Signature = 'HS256' | 'RS256' | 'ES256';

/** Seconds. Usher accepts lifetimes of user tokens up to one hour by default. */
const lifetime = 3_000;

type Claims = Readonly<Record<string, string>>;

/** Signs a JWT with HS256 that expires in 50 minutes. */
export function mint(claims: Claims, secret: string): string {
  return mintSigned(claims, 'HS256', secret);
}

/** Signs a JWT with a shared secret or a private key in PEM. */
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
