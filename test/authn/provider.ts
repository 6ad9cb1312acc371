import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { changed } from './preset-fixtures.ts';
import { hmacToken, keyToken, testSecret, type JsonObject } from '../support/tokens.ts';

/** The keys of an identity provider: one for each algorithm, and one more that is not published. */
export interface ProviderKeys {
  readonly publicPem: string;
  readonly sign: (
    header: JsonObject & { readonly alg: string },
    claims: JsonObject,
    key?: 'other',
  ) => string;
  readonly keySet: JsonObject;
}

const kid = 'ex-1';
const pairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  other: generateKeyPairSync('rsa', { modulusLength: 2048 }),
} as const;

const jwkOf = (key: KeyObject) => ({ ...key.export({ format: 'jwk' }), use: 'sig', kid });

export const providerKeys: ProviderKeys = {
  publicPem: createPublicKey(pairs.RS256.privateKey)
    .export({ type: 'spki', format: 'pem' })
    .toString(),
  sign: (header, claims, key) => {
    const named = { ...changed({ kid, ...header }), alg: header.alg };
    if (header.alg === 'RS256') return keyToken(claims, named, pairs[key ?? 'RS256'].privateKey);
    if (header.alg === 'ES256') return keyToken(claims, named, pairs.ES256.privateKey);
    return hmacToken(claims, named, key === undefined ? testSecret.reveal() : 'x'.repeat(64));
  },
  keySet: { keys: [jwkOf(pairs.RS256.publicKey), { ...jwkOf(pairs.ES256.publicKey), kid }] },
};

/** Identity providers behind one server on a loopback address. */
export interface Providers {
  /** Sends requests to the loopback server instead of the host of the address. */
  readonly fetch: typeof fetch;
  /** The requested addresses. */
  readonly requests: string[];
  readonly close: () => Promise<void>;
}

/** Starts them. `issuerOf` is the `issuer` that the discovery document at an address names. */
export async function startProviders(issuerOf: (address: string) => string): Promise<Providers> {
  const server = createServer((request, response) => {
    // The path is the host of the provider and its own path.
    const address = `https:/${request.url ?? ''}`;
    const suffix = '/.well-known/openid-configuration';
    const issuer = issuerOf(address);
    const isDiscovery = address.endsWith(suffix);
    const jwks_uri = `https://${new URL(address).host}/published/keys`;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(isDiscovery ? { issuer, jwks_uri } : providerKeys.keySet));
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const requests: string[] = [];
  return {
    requests,
    fetch: (input, init) => {
      const { host, pathname, href } = new URL(input instanceof Request ? input.url : input);
      requests.push(href);
      return fetch(`http://127.0.0.1:${port}/${host}${pathname}`, init);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
