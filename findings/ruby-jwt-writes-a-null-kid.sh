#!/usr/bin/env bash
# ruby-jwt 2.5.0 (Debian 12) with jose 6.2.17, jsonwebtoken 9.0.3 and PyJWT 2.6.0: a header parameter that is nil, as `kid` of a key that has no id, is
# written as null. Ruby, jsonwebtoken, PyJWT and jose with a key verify the token. jose with a key set finds no key for it, although the set has only one
# key, which verifies the same token without `kid`.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages ruby-jwt python3-jwt python3-cryptography
npm_packages jose@6.2.17 jsonwebtoken@9.0.3

cat >sign.rb <<'RUBY'
require 'jwt'
key = OpenSSL::PKey::RSA.new(2048)
File.write('key.pem', key.public_to_pem)
payload = { sub: '15', exp: Time.now.to_i + 600 }
{ nil: { kid: nil }, none: {} }.each do |name, header|
  token = JWT.encode(payload, key, 'RS256', header)
  JWT.decode(token, key.public_key, true, algorithm: 'RS256')
  File.write("token-#{name}", token)
end
puts "ruby-jwt #{Gem.loaded_specs['jwt'].version}"
RUBY
cat >verify.mjs <<'JS'
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import jwt from 'jsonwebtoken';

const token = readFileSync(process.argv[2], 'utf8');
const key = createPublicKey(readFileSync('key.pem', 'utf8'));
const jwk = { ...key.export({ format: 'jwk' }), kid: 'a', alg: 'RS256' };
const result = async (verify) => {
  try {
    await verify();
    return 'verified';
  } catch (error) {
    return error.code ?? error.message;
  }
};
const results = [
  `kid ${decodeProtectedHeader(token).kid}`,
  `jsonwebtoken ${await result(() => jwt.verify(token, key, { algorithms: ['RS256'] }))}`,
  `jose with the key ${await result(() => jwtVerify(token, key))}`,
  `jose with the key set ${await result(() => jwtVerify(token, createLocalJWKSet({ keys: [jwk] })))}`,
];
console.log(results.join(', '));
JS
cat >verify.py <<'PY'
import sys
import jwt

jwt.decode(open(sys.argv[1]).read(), open('key.pem').read(), algorithms=['RS256'])
print('verified')
PY

ruby sign.rb
/usr/bin/python3 -c 'import jwt; print("PyJWT", jwt.__version__)'
expect 'kid: nil in Ruby' \
  'kid null, jsonwebtoken verified, jose with the key verified, jose with the key set ERR_JWKS_NO_MATCHING_KEY' \
  "$(node verify.mjs token-nil)"
expect 'no kid in Ruby' \
  'kid undefined, jsonwebtoken verified, jose with the key verified, jose with the key set verified' \
  "$(node verify.mjs token-none)"
expect 'kid: nil in PyJWT' 'verified' "$(/usr/bin/python3 verify.py token-nil)"
