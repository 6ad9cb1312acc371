#!/usr/bin/env bash
# Caddy 2.6.2 (Debian 12), `forward_auth`: for a WebSocket, the request to the authorization server is a handshake too, with `Connection` and
# `Upgrade`. A Node.js server that has WebSockets of its own gets the event `upgrade` for it, not `request`: its route is never
# called, its WebSocket server refuses the handshake, and so does Caddy. nginx's `auth_request` sends neither header. With
# `header_up -Upgrade` Caddy sends a request.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages caddy
npm_packages ws@8.23.0

# One server that authorizes at /authorize, and has WebSockets at /chat.
cat >application.cjs <<'JS'
const http = require('node:http');
const { WebSocketServer } = require('ws');
const server = http.createServer((request, response) => {
  console.log('request');
  response.writeHead(204).end();
});
new WebSocketServer({ server, path: '/chat' });
server.on('upgrade', ({ url }) => { if (url === '/authorize') console.log('upgrade'); });
server.listen(Number(process.argv[2]), '127.0.0.1');
JS
application=$(free_port)
start node application.cjs "$application" >>application.log
until_listening "$application"

cat >client.cjs <<'JS'
const { WebSocket } = require('ws');
const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2]}/chat`);
const end = (result) => {
  console.log(result);
  process.exit();
};
socket.on('open', () => end('open'));
socket.on('unexpected-response', (request, { statusCode }) => end(`refused with ${statusCode}`));
JS

start_caddy() {
  proxy=$(free_port)
  cat >"Caddyfile-$proxy" <<CADDY
{
  admin off
}
http://127.0.0.1:$proxy {
  bind 127.0.0.1
  forward_auth 127.0.0.1:$application {
    uri /authorize
    $*
  }
  reverse_proxy 127.0.0.1:$application
}
CADDY
  HOME=$work start caddy run --adapter caddyfile --config "$work/Caddyfile-$proxy" 2>>caddy.log
  until_listening "$proxy"
}
# Opens a WebSocket through the proxy, and prints the result and the event at the authorization server.
open() {
  : >application.log
  printf '%s, %s\n' "$(node client.cjs "$proxy")" "$(cat application.log)"
}

caddy version
# The authorization has a location of its own, because it would inherit `Upgrade` from the one of the WebSockets.
start_nginx "auth_request /authorize; } location = /authorize { proxy_pass http://127.0.0.1:$application;"
expect 'WebSocket through nginx' 'open, request' "$(open)"
start_caddy
expect 'through Caddy' 'refused with 400, upgrade' "$(open)"
start_caddy 'header_up -Upgrade'
expect 'through Caddy, header_up -Upgrade' 'open, request' "$(open)"
