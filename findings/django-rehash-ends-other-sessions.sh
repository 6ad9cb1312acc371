#!/usr/bin/env bash
# Django 3.2.25 (Debian 12): each version of Django raises the number of iterations of its password hashes. At the first login after
# an upgrade, Django stores a new hash of the same password. Sessions are bound to the stored hash, so this login ends all other
# sessions of the user: whoever logs in on the phone is logged out on the laptop, although no password has changed.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages python3-django

cat >sessions.py <<'PY'
import sys
import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY='a-key-of-this-script', ROOT_URLCONF=__name__, ALLOWED_HOSTS=['testserver'],
    DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}},
    DEFAULT_AUTO_FIELD='django.db.models.AutoField',
    INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions'],
    MIDDLEWARE=[
        'django.contrib.sessions.middleware.SessionMiddleware',
        'django.contrib.auth.middleware.AuthenticationMiddleware',
    ],
)
django.setup()
urlpatterns = [path('', lambda request: HttpResponse(request.user.get_username() or 'nobody'))]

from django.contrib.auth.hashers import get_hasher
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils.crypto import get_random_string

call_command('migrate', verbosity=0)
password = get_hasher().encode('correct', get_random_string(22), iterations=int(sys.argv[1]))
user = User.objects.create(username='clerk', password=password)
laptop, phone = Client(), Client()
laptop.force_login(user)
phone.login(username='clerk', password='correct')
print(*(client.get('/').content.decode() for client in (laptop, phone)))
PY

/usr/bin/python3 -c 'import django; print("Django", django.__version__)'
# Django 3.1 and 3.2 hash with 216,000 and 260,000 iterations.
expect 'users on the laptop and the phone after a login on the phone, hash of Django 3.2' 'clerk clerk' "$(/usr/bin/python3 sessions.py 260000)"
expect 'the same, hash of Django 3.1' 'nobody clerk' "$(/usr/bin/python3 sessions.py 216000)"
