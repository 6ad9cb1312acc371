#!/usr/bin/env bash
# Apache 2.4 (Debian 12) as a reverse proxy joins two Cookie lines with ", ". RFC 9113 (8.2.3) and
# RFC 6265 separate cookies by "; ", and Node joins repeated lines that way. Behind Apache, the second cookie of a name becomes
# part of the value of the first one, and the cookies of all lines but the first are lost.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cat >application.cjs <<'JS'
const http = require('node:http');
http.createServer((request, response) => response.end(request.headers.cookie)).listen(Number(process.argv[2]), '127.0.0.1');
JS

application=$(free_port)
start node application.cjs "$application"
until_listening "$application"
start_apache

cookies() { curl -s -H 'Cookie: session=a' -H 'Cookie: session=b' "http://127.0.0.1:$1/"; }
/usr/sbin/apache2 -v | head -n 1
expect 'two Cookie lines, directly to Node' 'session=a; session=b' "$(cookies "$application")"
expect 'two Cookie lines, through Apache' 'session=a, session=b' "$(cookies "$proxy")"
