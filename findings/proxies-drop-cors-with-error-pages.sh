#!/usr/bin/env bash
# nginx 1.22.1 with `proxy_intercept_errors on`, and Apache 2.4 with `ProxyErrorOverride On`: they replace not only the body of a response
# of 400 or more, but also drop its headers, `Access-Control-Allow-Origin` and `Retry-After` among them. A page of another origin
# cannot read the status then: each refusal is a network error, also 429 and 503.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cat >application.cjs <<'JS'
const { createServer } = require('node:http');
createServer(({ url }, response) => {
  const headers = { 'Access-Control-Allow-Origin': 'https://app.example', 'Retry-After': '5' };
  response.writeHead(Number(url.slice(1)), headers).end('{"error":"refused"}');
}).listen(process.argv[2], '127.0.0.1');
JS
application=$(free_port)
start node application.cjs "$application"
until_listening "$application"
echo 'an error page' >sorry.html
chmod 755 "$work"

# The status, and how many of the two headers the response has.
response() {
  curl -s -o body -D headers "http://127.0.0.1:$proxy/$1"
  echo "$(sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' headers), $(grep -ciE '^(access-control-allow-origin|retry-after):' headers || true) headers"
}
responses() { for status in 200 403 429 503; do response $status; done | paste -sd' '; }

/usr/sbin/nginx -v 2>&1
start_nginx
expect 'nginx' '200, 2 headers 403, 2 headers 429, 2 headers 503, 2 headers' "$(responses)"
start_nginx "proxy_intercept_errors on; error_page 403 429 503 /sorry.html; } location = /sorry.html { root $work;"
expect 'nginx with proxy_intercept_errors on' '200, 2 headers 403, 0 headers 429, 0 headers 503, 0 headers' "$(responses)"
start_apache 'ProxyErrorOverride On'
apache2 -v | head -n 1
expect 'Apache with ProxyErrorOverride On' '200, 2 headers 403, 0 headers 429, 0 headers 503, 0 headers' "$(responses)"
