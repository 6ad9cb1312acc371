#!/usr/bin/env bash
# Django 3.2.25, PHP 8.2.36 (Debian 12), Express with cookie-parser 1.4.7: if a browser has two cookies of one name, for `/` and for
# `/app/`, it sends both, the one of the longer path first (RFC 6265, 5.4). PHP and Express read the first one. Django reads the last one, so
# the more specific cookie is ignored, and two hosts behind one proxy see different sessions in the same request.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages python3-django php-cli
npm_packages express@5.3.0 cookie-parser@1.4.7

cat >django_host.py <<'PY'
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server
import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import re_path

settings.configure(SECRET_KEY='a-key-of-this-script', ROOT_URLCONF=__name__, ALLOWED_HOSTS=['127.0.0.1'])
urlpatterns = [re_path('', lambda request: HttpResponse(request.COOKIES['session']))]
django.setup()
from django.core.wsgi import get_wsgi_application

WSGIRequestHandler.log_message = lambda *arguments: None
make_server('127.0.0.1', int(sys.argv[1]), get_wsgi_application()).serve_forever()
PY
cat >express_host.cjs <<'JS'
const express = require('express');
express()
  .use(require('cookie-parser')())
  .use((request, response) => response.send(request.cookies.session))
  .listen(Number(process.argv[2]), '127.0.0.1');
JS
cat >php_host.php <<'PHP'
<?php echo $_COOKIE['session'];
PHP
# What a browser has stored, in the format of curl's cookie jar.
printf '127.0.0.1\tFALSE\t%s\tFALSE\t0\tsession\t%s\n' / of-root /app/ of-app >cookies

read_by() {
  local port
  port=$(free_port)
  start "${@//PORT/$port}" >host.log 2>&1
  until_listening "$port"
  curl -s -b cookies "http://127.0.0.1:$port/app/"
}
cat >header.cjs <<'JS'
const http = require('http');
http.createServer((request, response) => response.end(request.headers.cookie)).listen(Number(process.argv[2]), '127.0.0.1');
JS

/usr/bin/python3 -c 'import django; print("Django", django.__version__)'
expect 'the header of a request for /app/' 'session=of-app; session=of-root' "$(read_by node header.cjs PORT)"
expect 'the cookie in PHP' 'of-app' "$(read_by php -S 127.0.0.1:PORT php_host.php)"
expect 'in Express' 'of-app' "$(read_by node express_host.cjs PORT)"
expect 'in Django' 'of-root' "$(read_by /usr/bin/python3 django_host.py PORT)"
