#!/usr/bin/env bash
# PyJWT 2.6.0 (Debian 12) with jose 6.2.17: a token whose `iat` is `time.time()` is refused by PyJWT itself until the next second begins, because PyJWT compares
# the fraction with whole seconds. RFC 7519 allows fractions. It also refuses an `iat` that is one second ahead, such as
# that of another machine. jose accepts both.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages python3-jwt
npm_packages jose@6.2.17
cat >sign.py <<'PY'
import time
import jwt

key = 'a-secret-of-this-script-32-bytes'


def accepts(token):
    try:
        return jwt.decode(token, key, algorithms=['HS256']) and 'accepted'
    except jwt.InvalidTokenError as error:
        return type(error).__name__


# The first tenth of a second, so that both steps are in the same one.
while time.time() % 1 > 0.1:
    time.sleep(0.01)
second = int(time.time())
tokens = [jwt.encode({'sub': '15', 'iat': iat}, key) for iat in (second, second + 0.01, second + 1)]
for token in tokens:
    print(token, accepts(token))
PY
cat >verify.mjs <<'JS'
import { jwtVerify } from 'jose';

const key = new TextEncoder().encode('a-secret-of-this-script-32-bytes');
for (const token of process.argv.slice(2)) console.log(await jwtVerify(token, key).then(() => 'accepted', ({ code }) => code));
JS
/usr/bin/python3 sign.py >tokens
mapfile -t tokens < <(cut -d ' ' -f 1 tokens)
node verify.mjs "${tokens[@]}" >verified
expect 'PyJWT, an iat of this second' accepted "$(sed -n 1p tokens | cut -d ' ' -f 2)"
expect 'PyJWT, 10 ms later' ImmatureSignatureError "$(sed -n 2p tokens | cut -d ' ' -f 2)"
expect 'PyJWT, one second later' ImmatureSignatureError "$(sed -n 3p tokens | cut -d ' ' -f 2)"
expect 'jose, the three tokens' 'accepted accepted accepted' "$(paste -s -d ' ' verified)"
