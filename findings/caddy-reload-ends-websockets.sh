#!/usr/bin/env bash
# Caddy 2.6.2 (Debian 12) ends all WebSockets at each change of its configuration, even of another site: clients see the close code
# 1001. After a reload of nginx, HAProxy or Apache, open WebSockets stay open. The frame to the application breaks RFC 6455 (5.1):
# a client masks its frames, Caddy does not, so the application sees a protocol error in place of 1001.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages caddy haproxy
npm_packages ws@8.23.0

cat >application.cjs <<'JS'
const { WebSocketServer } = require('ws');
new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]) }).on('connection', (socket) => {
  socket.on('message', (text) => socket.send(`${text}`));
  socket.on('error', ({ message }) => console.log(message));
});
JS
cat >client.cjs <<'JS'
const { writeFileSync } = require('node:fs');
const { WebSocket } = require('ws');
const [port, opened] = process.argv.slice(2);
const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
socket.on('open', () => {
  writeFileSync(opened, '');
  setTimeout(() => socket.send('echo'), 4000);
});
const end = (result) => {
  console.log(result);
  process.exit();
};
socket.on('message', () => end('open'));
socket.on('close', (code) => end(`closed with ${code}`));
JS
application=$(free_port)
start node application.cjs "$application" >application.log
until_listening "$application"

# Connects through the proxy, reloads it by this command, and prints the state of the connection four seconds after it opened.
after() {
  rm -f opened
  node client.cjs "$proxy" opened &
  local client=$!
  while [ ! -e opened ]; do sleep 0.1; done
  "$@" >reload.log 2>&1
  wait "$client"
}

start_caddy() {
  proxy=$(free_port)
  other=$(free_port)
  admin=$(free_port)
  configure_caddy old
  HOME=$work start caddy run --config "$work/Caddyfile" 2>caddy.log
  until_listening "$proxy"
}
configure_caddy() {
  cat >Caddyfile <<CADDY
{
  admin 127.0.0.1:$admin
}
http://127.0.0.1:$proxy {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:$application
}
http://127.0.0.1:$other {
  bind 127.0.0.1
  respond $1
}
CADDY
}
reload_caddy() {
  configure_caddy "$1"
  HOME=$work caddy reload --config "$work/Caddyfile"
}

start_haproxy() {
  proxy=$(free_port)
  cat >haproxy.cfg <<CONF
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
listen application
  bind 127.0.0.1:$proxy
  server application 127.0.0.1:$application
CONF
  start /usr/sbin/haproxy -Ws -f "$work/haproxy.cfg" 2>haproxy.log
  until_listening "$proxy"
}

# Sends this signal to the proxy that was started last.
signal() { kill -s "$1" "${started[-1]}"; }

start_nginx
expect 'WebSocket after a reload of nginx' 'open' "$(after signal HUP)"
start_haproxy
expect 'of HAProxy' 'open' "$(after signal USR2)"
start_apache
expect 'of Apache' 'open' "$(after signal USR1)"
caddy version
start_caddy
expect 'of Caddy, with the same configuration' 'open' "$(after reload_caddy old)"
expect 'of Caddy, with another response of another site' 'closed with 1001' "$(after reload_caddy new)"
expect 'what the application sees' 'Invalid WebSocket frame: MASK must be set' "$(cat application.log)"
