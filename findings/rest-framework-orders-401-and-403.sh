#!/usr/bin/env bash
# Django REST framework 3.14.0 (Debian 12): the status of a request without a login depends on the order of `authentication_classes`. With
# SessionAuthentication first it is 403, with TokenAuthentication first it is 401. A 403 has the same status as a
# user who lacks a permission.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages python3-djangorestframework
cat >views.py <<'PY'
import django
from django.conf import settings

settings.configure(
    SECRET_KEY='a-secret-of-this-script', ROOT_URLCONF='__main__', ALLOWED_HOSTS=['*'],
    INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'rest_framework'],
)
django.setup()
from django.test import Client
from django.urls import path
from rest_framework.authentication import SessionAuthentication, TokenAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView


def view(*classes):
    class View(APIView):
        authentication_classes = classes
        permission_classes = [IsAuthenticated]

        def get(self, request):
            return Response()

    return View.as_view()


urlpatterns = [
    path('session-first', view(SessionAuthentication, TokenAuthentication)),
    path('token-first', view(TokenAuthentication, SessionAuthentication)),
]
for url in ['/session-first', '/token-first']:
    print(Client().get(url).status_code)
PY
/usr/bin/python3 views.py >result 2>log
expect 'without a login, SessionAuthentication first' 403 "$(sed -n 1p result)"
expect 'without a login, TokenAuthentication first' 401 "$(sed -n 2p result)"
