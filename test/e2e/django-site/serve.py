"""Migrates, listens on a free loopback port and prints it; ends when whoever started it is gone."""

import os
import sys
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def end_with_starter():
    sys.stdin.read()
    os._exit(0)


application = get_wsgi_application()
call_command("migrate", verbosity=0)
threading.Thread(target=end_with_starter, daemon=True).start()
server = make_server("127.0.0.1", 0, application, server_class=Server)
print(f"listening on {server.server_port}", flush=True)
server.serve_forever()
