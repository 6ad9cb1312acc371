#!/usr/bin/env bash
# jsonwebtoken 9.0.3, fast-jwt 6.3.6, jose 6.2.17: a lifetime of 3600 is an hour, four seconds, or a time of 1970. jsonwebtoken reads a
# number as seconds, and a text as milliseconds: with `expiresIn: process.env.TOKEN_TTL` and `TOKEN_TTL=3600`, tokens live for
# three seconds. fast-jwt reads milliseconds, and jose takes a number for the time itself. Only a text with a unit, such as `1h`, is
# an hour in all of them.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages jsonwebtoken@9.0.3 fast-jwt@6.3.6 jose@6.2.17

cat >sign.mjs <<'JS'
import { createSigner } from 'fast-jwt';
import { SignJWT } from 'jose';
import jwt from 'jsonwebtoken';

const secret = 'a-secret-of-this-script-32-bytes';
const sign = {
  jsonwebtoken: (ttl) => jwt.sign({}, secret, { expiresIn: ttl }),
  'fast-jwt': (ttl) => createSigner({ key: secret, expiresIn: ttl })({}),
  jose: (ttl) =>
    new SignJWT().setProtectedHeader({ alg: 'HS256' }).setIssuedAt().setExpirationTime(ttl).sign(Buffer.from(secret)),
};
const ttl = JSON.parse(process.argv[2]);
const lifetimes = [];
for (const [library, create] of Object.entries(sign)) {
  let lifetime = 'an error';
  try {
    const { iat, exp } = JSON.parse(Buffer.from((await create(ttl)).split('.')[1], 'base64url'));
    // fast-jwt rounds each of the two times.
    if (exp < iat) lifetime = new Date(exp * 1000).toISOString();
    else lifetime = exp - iat < 5 ? '3 or 4 s' : `${exp - iat} s`;
  } catch {}
  lifetimes.push(`${library} ${lifetime}`);
}
console.log(lifetimes.join(', '));
JS

expect 'the number 3600' 'jsonwebtoken 3600 s, fast-jwt 3 or 4 s, jose 1970-01-01T01:00:00.000Z' "$(node sign.mjs 3600)"
expect 'the text 3600' 'jsonwebtoken 3 or 4 s, fast-jwt 3 or 4 s, jose an error' "$(node sign.mjs '"3600"')"
expect 'the text 1h' 'jsonwebtoken 3600 s, fast-jwt 3600 s, jose 3600 s' "$(node sign.mjs '"1h"')"
