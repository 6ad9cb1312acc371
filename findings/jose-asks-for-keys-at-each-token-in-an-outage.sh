#!/usr/bin/env bash
# jose 6.2.17, `createRemoteJWKSet`: `cooldownDuration` (30 seconds by default) limits requests for unknown keys, and counts from the
# last success only. While the issuer responds 503, each token is one more request to it. `cacheMaxAge` is no hint to refresh: once
# it has passed, tokens whose key is still in `jwks()` are not verified until a request succeeds.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages jose@6.2.17

cat >verify.mjs <<'JS'
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';

const { publicKey, privateKey } = await generateKeyPair('ES256');
const keys = [{ ...(await exportJWK(publicKey)), kid: 'known' }];
let requests = 0;
let isUp = true;
const issuer = http.createServer((request, response) => {
  requests += 1;
  response.writeHead(isUp ? 200 : 503).end(JSON.stringify({ keys }));
});
await new Promise((resolve) => issuer.listen(0, '127.0.0.1', resolve));
const keySet = createRemoteJWKSet(new URL(`http://127.0.0.1:${issuer.address().port}/`), { cacheMaxAge: 4000 });

async function verify(kid) {
  requests = 0;
  let verified = 0;
  for (let token = 0; token < 10; token += 1) {
    const text = await new SignJWT().setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
    await jwtVerify(text, keySet).then(() => (verified += 1), () => {});
  }
  return `${verified} verified, ${requests} requests`;
}
await verify('known');
const [known, unknown] = [await verify('known'), await verify('unknown')];
await pause(4500);
isUp = false;
const outage = await verify('known');
console.log([known, unknown, outage, `${keySet.jwks().keys.length} key`].join('\n'));
process.exit();
JS

node verify.mjs >result
expect '10 tokens of a known key' '10 verified, 0 requests' "$(sed -n 1p result)"
expect '10 tokens of an unknown key' '0 verified, 0 requests' "$(sed -n 2p result)"
expect '10 tokens of the known key, after cacheMaxAge, the issuer is down' '0 verified, 10 requests' "$(sed -n 3p result)"
expect 'content of jwks()' '1 key' "$(sed -n 4p result)"
