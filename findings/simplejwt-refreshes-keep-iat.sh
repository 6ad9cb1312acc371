#!/usr/bin/env bash
# djangorestframework-simplejwt 5.2.2 (Debian 12) with jose 6.2.17: an access token that was refreshed has the `iat` of the login, not its own.
# Six hours after the login its `exp - iat` is more than six hours, although it lives for five minutes. So a service that limits the age of
# tokens by `iat`, such as jose with `maxTokenAge`, accepts the first token and refuses its successors.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages python3-djangorestframework-simplejwt
npm_packages jose@6.2.17

cat >tokens.py <<'PY'
from datetime import datetime, timedelta, timezone
from unittest import mock
import django
from django.conf import settings

settings.configure(
    SECRET_KEY='a-secret-of-this-script-32-bytes', USE_TZ=True,
    INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'rest_framework', 'rest_framework_simplejwt'],
)
django.setup()
from rest_framework_simplejwt.tokens import RefreshToken

now = datetime.now(timezone.utc)
with mock.patch('rest_framework_simplejwt.tokens.aware_utcnow', return_value=now - timedelta(hours=6)):
    login = str(RefreshToken())
print(RefreshToken().access_token, RefreshToken(login).access_token)
PY
cat >verify.mjs <<'JS'
import { jwtVerify } from 'jose';

for (const token of process.argv.slice(2)) {
  const { exp, iat } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  const secret = Buffer.from('a-secret-of-this-script-32-bytes');
  const result = await jwtVerify(token, secret, { maxTokenAge: '1h' }).then(() => 'verified', ({ code }) => code);
  console.log(`exp - iat: ${Math.round((exp - iat) / 60)} minutes, maxTokenAge 1h: ${result}`);
}
JS

dpkg-query -W -f '${Package} ${Version}\n' python3-djangorestframework-simplejwt
read -r first refreshed < <(/usr/bin/python3 tokens.py)
node verify.mjs "$first" "$refreshed" >result
expect 'the access token of a login' 'exp - iat: 5 minutes, maxTokenAge 1h: verified' "$(sed -n 1p result)"
expect 'the access token of a refresh, six hours later' 'exp - iat: 365 minutes, maxTokenAge 1h: ERR_JWT_EXPIRED' "$(sed -n 2p result)"
