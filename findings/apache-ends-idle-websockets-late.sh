#!/usr/bin/env bash
# Apache 2.4 (Debian 12) as a reverse proxy of WebSockets ends an idle connection after the longer of `Timeout` and
# `ProxyTimeout`, so a short `ProxyTimeout` alone has no effect on them. With Debian's `Timeout 300` it is five minutes. In
# nginx, `proxy_read_timeout` alone is enough.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages apache2 nginx
npm_packages ws@8.23.0

cat >application.cjs <<'JS'
const { WebSocketServer } = require('ws');
new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]) });
JS
application=$(free_port)
start node application.cjs "$application"
until_listening "$application"

modules=/usr/lib/apache2/modules
# Starts Apache with these values of Timeout and ProxyTimeout.
start_apache() {
  proxy=$(free_port)
  cat >"apache-$proxy.conf" <<CONF
ServerName localhost
ServerRoot $work
PidFile $work/apache-$proxy.pid
ErrorLog $work/error.log
Listen 127.0.0.1:$proxy
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
Timeout $1
ProxyTimeout $2
ProxyPass / http://127.0.0.1:$application/ upgrade=websocket
CONF
  start /usr/sbin/apache2 -D FOREGROUND -f "$work/apache-$proxy.conf"
  until_listening "$proxy"
}

start_nginx() {
  proxy=$(free_port)
  cat >nginx.conf <<CONF
pid $work/nginx.pid;
error_log $work/nginx.log;
events {}
http {
  access_log off;
  server {
    listen 127.0.0.1:$proxy;
    location / {
      proxy_pass http://127.0.0.1:$application;
      proxy_http_version 1.1;
      proxy_set_header Upgrade \$http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_read_timeout $1;
    }
  }
}
CONF
  start /usr/sbin/nginx -c "$work/nginx.conf" -g 'daemon off;' 2>/dev/null
  until_listening "$proxy"
}

cat >idle.cjs <<'JS'
const { WebSocket } = require('ws');
const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2]}/`);
let opened;
socket.on('open', () => { opened = Date.now(); });
socket.on('close', () => console.log(`closed after ${Math.round((Date.now() - opened) / 1000)} s`));
JS

/usr/sbin/apache2 -v | head -n 1
start_nginx 2s
expect 'idle WebSocket, nginx, proxy_read_timeout 2s' 'closed after 2 s' "$(node idle.cjs "$proxy")"
start_apache 2 2
expect 'Apache, Timeout 2, ProxyTimeout 2' 'closed after 2 s' "$(node idle.cjs "$proxy")"
start_apache 8 2
expect 'Apache, Timeout 8, ProxyTimeout 2' 'closed after 8 s' "$(node idle.cjs "$proxy")"
start_apache 2 8
expect 'Apache, Timeout 2, ProxyTimeout 8' 'closed after 8 s' "$(node idle.cjs "$proxy")"
