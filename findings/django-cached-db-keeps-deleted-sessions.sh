#!/usr/bin/env bash
# Django 3.2.25 (Debian 12), session engine `cached_db`: a session that is deleted from the table `django_session`, by SQL or by
# `Session.objects.all().delete()`, stays logged in until its cache entry expires, two weeks by default. With the engine `db` it ends at
# once. Only `flush()` and `delete()` of the session itself also clear the cache.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages python3-django

cat >sessions.py <<'PY'
import sys
from importlib import import_module
import django
from django.conf import settings

engine = f'django.contrib.sessions.backends.{sys.argv[1]}'
settings.configure(
    SECRET_KEY='a-key-of-this-script', SESSION_ENGINE=engine, INSTALLED_APPS=['django.contrib.sessions'],
    DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}},
)
django.setup()
from django.contrib.sessions.models import Session
from django.core.management import call_command

call_command('migrate', verbosity=0)
SessionStore = import_module(engine).SessionStore

def login():
    session = SessionStore()
    session['user'] = '15'
    session.save()
    return session.session_key

key = login()
Session.objects.all().delete()
deleted = SessionStore(key).get('user')
key = login()
SessionStore(key).flush()
print(f'row deleted: {deleted}, flush(): {SessionStore(key).get("user")}')
PY

/usr/bin/python3 -c 'import django; print("Django", django.__version__)'
expect 'the user of a session, engine db' 'row deleted: None, flush(): None' "$(/usr/bin/python3 sessions.py db)"
expect 'engine cached_db' 'row deleted: 15, flush(): None' "$(/usr/bin/python3 sessions.py cached_db)"
