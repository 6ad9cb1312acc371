#!/usr/bin/env bash
# Django 3.2.25 (Debian 12), backend `signed_cookies`: `set_expiry()` shortens only the browser's cookie. The signed value stays
# valid for SESSION_COOKIE_AGE, two weeks, so a copied cookie remains valid long after the set expiry. Other backends expire the
# session itself.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages python3-django

cat >sessions.py <<'PY'
import time
from unittest import mock
import django
from django.conf import settings

settings.configure(SECRET_KEY='a-key-of-this-script', SESSION_ENGINE='django.contrib.sessions.backends.signed_cookies')
django.setup()
from django.contrib.sessions.backends.signed_cookies import SessionStore

session = SessionStore()
session['user'] = '15'
session.set_expiry(60)
session.save()
cookie, now = session.session_key, time.time()
for later in (0, 3600, 15 * 24 * 3600):
    with mock.patch('time.time', return_value=now + later):
        print(later, SessionStore(cookie).get('user'))
PY

/usr/bin/python3 -c 'import django; print("Django", django.__version__)'
expect 'the user of a session with set_expiry(60), after seconds' '0 15 3600 15 1296000 None' "$(/usr/bin/python3 sessions.py | xargs)"
