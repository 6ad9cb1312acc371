"""A Django project as small as one can be; what differs from test to test comes from the environment."""

import json
import os
import sys

# The view of the documentation.
sys.path.append(os.path.join(os.path.dirname(__file__), "../../../examples/introspection"))

SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "views"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_SAVE_EVERY_REQUEST = os.environ.get("SAVE_EVERY_REQUEST") == "true"
USHER_SECRET = os.environ.get("USHER_SECRET", "")
SESSION_ENGINE = "django.contrib.sessions.backends." + os.environ["SESSION_ENGINE"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", **json.loads(os.environ["DATABASE"])}}
