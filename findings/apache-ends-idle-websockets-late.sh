#!/usr/bin/env bash
# Apache 2.4 (Debian 12) as a reverse proxy of WebSockets ends an idle connection after the longer of `Timeout` and
# `ProxyTimeout`, so a short `ProxyTimeout` alone has no effect on them. With Debian's `Timeout 300` it is five minutes. In
# nginx, `proxy_read_timeout` alone is enough.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages ws@8.23.0

cat >application.cjs <<'JS'
const { WebSocketServer } = require('ws');
new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]) });
JS
application=$(free_port)
start node application.cjs "$application"
until_listening "$application"

cat >idle.cjs <<'JS'
const { WebSocket } = require('ws');
const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2]}/`);
let opened;
socket.on('open', () => { opened = Date.now(); });
socket.on('close', () => console.log(`closed after ${Math.round((Date.now() - opened) / 1000)} s`));
JS

start_nginx 'proxy_read_timeout 2s;'
expect 'idle WebSocket, nginx, proxy_read_timeout 2s' 'closed after 2 s' "$(node idle.cjs "$proxy")"
start_apache 'Timeout 2' 'ProxyTimeout 2'
/usr/sbin/apache2 -v | head -n 1
expect 'Apache, Timeout 2, ProxyTimeout 2' 'closed after 2 s' "$(node idle.cjs "$proxy")"
start_apache 'Timeout 8' 'ProxyTimeout 2'
expect 'Apache, Timeout 8, ProxyTimeout 2' 'closed after 8 s' "$(node idle.cjs "$proxy")"
start_apache 'Timeout 2' 'ProxyTimeout 8'
expect 'Apache, Timeout 2, ProxyTimeout 8' 'closed after 8 s' "$(node idle.cjs "$proxy")"
