#!/usr/bin/env bash
# @auth/core 0.41.3 (Auth.js): a session token can be decrypted only with the name of its cookie, because the name is the
# salt of the key. The name differs between HTTP and HTTPS (`__Secure-`), so a server with the right secret and a valid token still
# fails with the name that it used in development.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages @auth/core@0.41.3

cat >tokens.mjs <<'JS'
import { decode, encode } from '@auth/core/jwt';

const secret = 'a secret of at least thirty-two bytes';
const name = 'authjs.session-token';
const token = await encode({ token: { sub: '15' }, secret, salt: name });
const read = (salt) => decode({ token, secret, salt }).then(({ sub }) => sub, (error) => error.message);
console.log(await read(name));
console.log(await read(`__Secure-${name}`));
JS

node tokens.mjs >result
expect 'with the name of its cookie' '15' "$(sed -n 1p result)"
expect 'with the name of the same cookie under HTTPS' 'no matching decryption secret' "$(sed -n 2p result)"
