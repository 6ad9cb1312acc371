"""Signing in and out as a visitor does, and the changes an administrator would make."""

from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.models import User
from django.http import HttpResponse, JsonResponse
from django.urls import path
from usher_session import usher_session


def sign_in(request):
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    if user is None:
        return HttpResponse(status=401)
    login(request, user)
    return HttpResponse(status=204)


def sign_out(request):
    logout(request)
    return HttpResponse(status=204)


def add_user(request):
    user = User.objects.create_user(request.POST["username"], password=request.POST["password"])
    return JsonResponse({"id": user.pk})


def change_user(request):
    user = User.objects.get(username=request.POST["username"])
    if "password" in request.POST:
        user.set_password(request.POST["password"])
    for flag in ("is_staff", "is_superuser", "is_active"):
        if flag in request.POST:
            setattr(user, flag, request.POST[flag] == "true")
    user.save()
    return HttpResponse(status=204)


def save(request):
    messages.success(request, "saved")
    return HttpResponse(status=204)


def status(request):
    return JsonResponse({"status": [str(each) for each in messages.get_messages(request)]})


urlpatterns = [
    path("usher/session", usher_session),
    path("save", save),
    path("status", status),
    path("login", sign_in),
    path("logout", sign_out),
    path("users/add", add_user),
    path("users/change", change_user),
]
