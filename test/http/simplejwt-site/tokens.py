"""Prints the tokens that a real Simple JWT makes for a user of a real Django: argv is the secret and the time in seconds."""

import json
import sys
from datetime import datetime, timezone
from unittest import mock

import django
from django.conf import settings

secret, seconds = sys.argv[1], int(sys.argv[2])
settings.configure(
    SECRET_KEY=secret,
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["testserver"],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "rest_framework_simplejwt"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import path
from rest_framework_simplejwt import __version__, tokens
from rest_framework_simplejwt.views import TokenObtainPairView, TokenObtainSlidingView

urlpatterns = [
    path("token", TokenObtainPairView.as_view()),
    path("sliding", TokenObtainSlidingView.as_view()),
]
call_command("migrate", verbosity=0)
user = User.objects.create_user("mira", password="secret of mira")
now = datetime.fromtimestamp(seconds, timezone.utc)
with mock.patch.object(tokens, "aware_utcnow", lambda: now):
    login = {"username": "mira", "password": "secret of mira"}
    answers = [Client().post(f"/{name}", login).json() for name in ("token", "sliding")]
json.dump({"version": __version__, "id": str(user.pk), **answers[0], "sliding": answers[1]["token"]}, sys.stdout)
