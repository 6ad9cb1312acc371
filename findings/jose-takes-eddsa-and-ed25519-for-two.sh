#!/usr/bin/env bash
# jose 6.2.17 and fast-jwt 6.3.6: since RFC 9864, the same signature of the same key has two names, `EdDSA` and `Ed25519`. A token with one name
# does not match a key of the key set whose `alg` is the other one, so if one side of an issuer is renamed first, all tokens are
# refused with "no applicable key". A key without `alg` verifies both. fast-jwt does not know the new name.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages jose@6.2.17 fast-jwt@6.3.6

cat >verify.mjs <<'JS'
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createVerifier } from 'fast-jwt';
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const [tokenAlg, keyAlg] = process.argv.slice(2);
const token = await new SignJWT().setProtectedHeader({ alg: tokenAlg, kid: '1' }).sign(privateKey);
const key = { ...publicKey.export({ format: 'jwk' }), kid: '1', ...(keyAlg && { alg: keyAlg }) };
const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
const result = async (verify) => {
  try {
    await verify();
    return 'verified';
  } catch ({ code }) {
    return code;
  }
};
const jose = await result(() => jwtVerify(token, createLocalJWKSet({ keys: [key] })));
const fastJwt = await result(() => createVerifier({ key: pem })(token));
console.log(`jose ${jose}, fast-jwt ${fastJwt}`);
JS

mismatch=ERR_JWKS_NO_MATCHING_KEY
expect 'token EdDSA, key EdDSA' 'jose verified, fast-jwt verified' "$(node verify.mjs EdDSA EdDSA)"
expect 'token Ed25519, key EdDSA' "jose $mismatch, fast-jwt FAST_JWT_INVALID_ALGORITHM" "$(node verify.mjs Ed25519 EdDSA)"
expect 'token EdDSA, key Ed25519' "jose $mismatch, fast-jwt verified" "$(node verify.mjs EdDSA Ed25519)"
expect 'token Ed25519, key Ed25519' 'jose verified, fast-jwt FAST_JWT_INVALID_ALGORITHM' "$(node verify.mjs Ed25519 Ed25519)"
expect 'token EdDSA, key without alg' 'jose verified, fast-jwt verified' "$(node verify.mjs EdDSA)"
expect 'token Ed25519, key without alg' 'jose verified, fast-jwt FAST_JWT_INVALID_ALGORITHM' "$(node verify.mjs Ed25519)"
