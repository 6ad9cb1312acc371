#!/usr/bin/env bash
# PyJWT 2.6.0 (Debian 12) with jose 6.2.17 and jsonwebtoken 9.0.3: PyJWT signs and verifies `ES256` with a key of the curve P-384, so an issuer with the
# wrong pair of key and `algorithm` works as long as only Python reads its tokens. Libraries for JavaScript refuse them. PyJWT also accepts
# an `exp` that is the text of a number, which they refuse as well.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages python3-jwt python3-cryptography
npm_packages jose@6.2.17 jsonwebtoken@9.0.3

cat >sign.py <<'PY'
import json
import time
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

curves = {'P-256': ec.SECP256R1(), 'P-384': ec.SECP384R1()}
for curve, is_text in [('P-256', False), ('P-384', False), ('P-256', True)]:
    key = ec.generate_private_key(curves[curve])
    exp = int(time.time()) + 600
    payload = json.dumps({'exp': str(exp) if is_text else exp}).encode()
    token = jwt.api_jws.encode(payload, key, algorithm='ES256')
    jwt.decode(token, key.public_key(), algorithms=['ES256'])
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    print(json.dumps({'token': token, 'pem': pem}))
PY
cat >verify.mjs <<'JS'
import { createPublicKey } from 'node:crypto';
import { jwtVerify } from 'jose';
import jwt from 'jsonwebtoken';

const { token, pem } = JSON.parse(process.argv[2]);
const result = async (verify) => {
  try {
    await verify();
    return 'verified';
  } catch {
    return 'refused';
  }
};
const jose = await result(() => jwtVerify(token, createPublicKey(pem), { algorithms: ['ES256'] }));
const jsonwebtoken = await result(() => jwt.verify(token, pem, { algorithms: ['ES256'] }));
console.log(`jose ${jose}, jsonwebtoken ${jsonwebtoken}`);
JS

/usr/bin/python3 -c 'import jwt; print("PyJWT", jwt.__version__)'
# PyJWT verifies each of the three tokens, or this fails.
/usr/bin/python3 sign.py >tokens
expect 'ES256 with a key on P-256' 'jose verified, jsonwebtoken verified' "$(node verify.mjs "$(sed -n 1p tokens)")"
expect 'ES256 with a key on P-384' 'jose refused, jsonwebtoken refused' "$(node verify.mjs "$(sed -n 2p tokens)")"
expect 'ES256 with a key on P-256, exp as text' 'jose refused, jsonwebtoken refused' "$(node verify.mjs "$(sed -n 3p tokens)")"
