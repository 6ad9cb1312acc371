#!/usr/bin/env bash
# Apache 2.4 (Debian 12) as a reverse proxy joins two Cookie lines with ", ". RFC 9113 (8.2.3) and
# RFC 6265 separate cookies by "; ", and Node joins repeated lines that way. Behind Apache, the second cookie of a name becomes
# part of the value of the first one, and the cookies of all lines but the first are lost.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages apache2

cat >application.cjs <<'JS'
const http = require('node:http');
http.createServer((request, response) => response.end(request.headers.cookie)).listen(Number(process.argv[2]), '127.0.0.1');
JS

application=$(free_port)
start node application.cjs "$application"
until_listening "$application"
proxy=$(free_port)
modules=/usr/lib/apache2/modules
cat >apache.conf <<CONF
ServerName localhost
ServerRoot $work
PidFile $work/apache.pid
ErrorLog $work/error.log
Listen 127.0.0.1:$proxy
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
ProxyPass / http://127.0.0.1:$application/
CONF
start /usr/sbin/apache2 -D FOREGROUND -f "$work/apache.conf"
until_listening "$proxy"

cookies() { curl -s -H 'Cookie: session=a' -H 'Cookie: session=b' "http://127.0.0.1:$1/"; }
/usr/sbin/apache2 -v | head -n 1
expect 'two Cookie lines, directly to Node' 'session=a; session=b' "$(cookies "$application")"
expect 'two Cookie lines, through Apache' 'session=a, session=b' "$(cookies "$proxy")"
