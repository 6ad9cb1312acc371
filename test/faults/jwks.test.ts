import { generateKeyPairSync } from 'node:crypto';

import { describe, expect, it, onTestFinished } from 'vitest';

import { json, type JwksServer, keySet, startJwksServer } from '../authn/jwt/jwks-server.ts';
import { secondsNow } from '../e2e/support/tokens.ts';
import { guestClaims, keyToken } from '../support/tokens.ts';
import { embeddedRows, expectNoForbiddenGrant } from './support/expectations.ts';
import { injectFault } from './support/outage.ts';
import { report, seconds } from './support/report.ts';
import { startService } from './support/service.ts';
import { guestRequest } from './support/traffic.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keys = keySet({ ...publicKey.export({ format: 'jwk' }), kid: 'k' });

type Respond = Parameters<JwksServer['respondWith']>[0];

const faults: readonly { readonly fault: string; readonly respondWith: Respond }[] = [
  {
    fault: 'the key set’s server accepts the request and never responds',
    respondWith: () => undefined,
  },
  {
    fault: 'the key set’s server sends an endless response',
    respondWith: (_request, response) => {
      const write = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
      };
      response.on('drain', write);
      write();
    },
  },
  { fault: 'the key set’s server sends an invalid response', respondWith: json('<html>') },
];

describe('the server of the key set fails during requests', () => {
  it.each(faults)('$fault', async ({ fault, respondWith }) => {
    const server = await startJwksServer();
    onTestFinished(server.close);
    server.respondWith(respondWith);
    const usher = await startService({
      GUEST_TOKEN_SECRET: '',
      GUEST_TOKEN_JWKS_URL: server.url.href,
    });
    onTestFinished(() => usher.stop());
    const iat = secondsNow();
    const token = keyToken(
      guestClaims({ iat, exp: iat + 3600 }),
      { alg: 'ES256', kid: 'k' },
      privateKey,
    );

    // The keys were never known, so no token can be accepted: the fault begins before the first visitor.
    const outage = await injectFault(
      usher,
      () =>
        Promise.resolve(() => {
          server.respondWith(keys);
          return Promise.resolve();
        }),
      { sendRequest: guestRequest(usher, token), before: 503 },
    );
    const lost = await expectNoForbiddenGrant(outage, embeddedRows(usher));
    expect(new Set(outage.requests.map(({ status }) => status))).toEqual(new Set([200, 503]));
    report({
      fault: `${fault}, for 6 s`,
      clientsSaw: outage.clientsSaw,
      lost,
      recovery: seconds(outage.recovery),
    });
  });
});
