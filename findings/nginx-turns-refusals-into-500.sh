#!/usr/bin/env bash
# nginx 1.22.1 (Debian 12), auth_request: of the responses of an authorization service only 2xx, 401 and 403 keep their meaning. 404, 429 and 503 reach the client
# as 500, without `Retry-After`, so a client cannot tell an outage or a limit from a defect. Without a body
# (`proxy_pass_request_body off`), the service still receives the `Content-Length` of the client.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages nginx
cat >service.cjs <<'JS'
const http = require('node:http');

const [service, application] = process.argv.slice(2).map(Number);
http.createServer(({ headers }, response) => {
  response.writeHead(Number(headers['x-status']), { 'retry-after': '7' }).end();
  console.log(headers['content-length'] ?? 'none');
}).listen(service, '127.0.0.1');
http.createServer((request, response) => response.end()).listen(application, '127.0.0.1');
JS
service=$(free_port)
application=$(free_port)
start node service.cjs "$service" "$application" >lengths
until_listening "$service"
until_listening "$application"
start_nginx "
      auth_request /auth;
    }
    location = /auth {
      internal;
      proxy_pass http://127.0.0.1:$service;
      proxy_pass_request_body off;"

# Prints the status of the client when the service responds with this one, and `Retry-After`.
client() { curl -s -o /dev/null -w '%{http_code} %header{retry-after}' -H "X-Status: $1" "${@:2}" "127.0.0.1:$proxy/" | sed 's/ $//'; }

for status in 204 401 403; do
  expected=$status
  if [ "$status" = 204 ]; then expected=200; fi
  expect "$status" "$expected" "$(client "$status")"
done
for status in 404 429 503; do expect "$status with Retry-After: 7" 500 "$(client "$status")"; done
client 204 -d 'text' >/dev/null
expect 'Content-Length of a request with a body of 4 bytes, which is not sent' 4 "$(tail -n 1 lengths)"
