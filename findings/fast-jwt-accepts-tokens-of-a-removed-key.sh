#!/usr/bin/env bash
# fast-jwt 6.3.6 with `cache: true` and a function as `key`: a token that was verified once is accepted after the function has
# changed to another key, without a call of the function, for up to ten minutes (`cacheTTL`). So the removal of a stolen key refuses new
# tokens, and not those that the verifier has seen.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages fast-jwt@6.3.6

cat >verify.cjs <<'JS'
const { createSigner, createVerifier } = require('fast-jwt');
const stolen = 'the secret that the operator removes';
const token = (jti) => createSigner({ key: stolen })({ sub: '15', jti });
(async () => {
  let key = stolen;
  let calls = 0;
  const verifier = createVerifier({
    cache: process.argv[2] === 'cache',
    key: async () => {
      calls += 1;
      return key;
    },
  });
  const verify = (text) => verifier(text).then(() => 'accepted', (error) => error.code);
  const seen = token('1');
  await verify(seen);
  key = 'the secret that the operator has now';
  console.log(`${await verify(seen)}, ${await verify(token('2'))}, ${calls} calls`);
})();
JS
expect 'without a cache: a token that was seen, a new one' \
  'FAST_JWT_INVALID_SIGNATURE, FAST_JWT_INVALID_SIGNATURE, 3 calls' "$(node verify.cjs)"
expect 'with a cache' 'accepted, FAST_JWT_INVALID_SIGNATURE, 2 calls' "$(node verify.cjs cache)"
