"""Tells Usher who is logged in, and leaves the session and its row as they are."""

from importlib import import_module
from types import SimpleNamespace

from django.conf import settings
from django.contrib.auth import get_user
from django.http import JsonResponse
from django.utils.crypto import constant_time_compare


class SessionCopy(dict):
    """A session that is not stored. get_user() deletes a session or changes its key in some cases."""

    def flush(self):
        self.clear()

    def cycle_key(self):
        pass


def usher_session(request):
    shown = request.headers.get("Authorization", "")
    # Not 401, 403 or 404, which mean that nobody is logged in.
    if not settings.USHER_SECRET or not constant_time_compare(shown, f"Bearer {settings.USHER_SECRET}"):
        return JsonResponse({}, status=400)
    # Without it SessionMiddleware does not store the session, also with SESSION_SAVE_EVERY_REQUEST.
    del request.session
    store = import_module(settings.SESSION_ENGINE).SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(SimpleNamespace(session=SessionCopy(store.items())))
    if not user.is_authenticated:
        return JsonResponse({}, status=401)
    return JsonResponse(
        {
            "id": user.pk,
            "name": user.get_username(),
            "is_staff": user.is_staff,
            "is_superuser": user.is_superuser,
            "roles": list(user.groups.values_list("name", flat=True)),
        }
    )
