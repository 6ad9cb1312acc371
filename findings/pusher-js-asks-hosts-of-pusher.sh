#!/usr/bin/env bash
# pusher-js 8.6.0: a page with `wsHost` asks a host of Pusher when its own server is down. Without a WebSocket the client tries other
# transports after some seconds, and `wsHost` does not apply to them: it looks up `sockjs.pusher.com` (with a cluster
# `sockjs-CLUSTER.pusher.com`), to send a POST whose path has the app key. Laravel Echo's broadcaster `reverb` is the same.
# `enabledTransports: ['ws', 'wss']` prevents it. This script answers the look-ups itself.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pusher-js@8.6.0 laravel-echo@2.5.0

cat >page.mjs <<'JS'
import dns from 'node:dns';
import net from 'node:net';
import Echo from 'laravel-echo';
import Pusher from 'pusher-js';

const [client, port, enabledTransports] = process.argv.slice(2);
const names = new Set();
const { lookup } = dns;
dns.lookup = (name, options, callback) => {
  if (net.isIP(name)) return lookup(name, options, callback);
  names.add(name);
  const error = Object.assign(new Error(`no address of ${name}`), { code: 'ENOTFOUND' });
  process.nextTick(options instanceof Function ? options : callback, error);
};
const options = { wsHost: '127.0.0.1', wsPort: Number(port), wssPort: Number(port), forceTLS: false };
if (enabledTransports) options.enabledTransports = enabledTransports.split(',');
const { connection } =
  client === 'pusher-js'
    ? new Pusher('key', { cluster: '', ...options })
    : new Echo({ broadcaster: 'reverb', key: 'key', Pusher, ...options }).connector.pusher;
connection.bind('unavailable', () => {
  console.log([...names].join() || 'none');
  process.exit();
});
JS

names() { node page.mjs "$1" "$(free_port)" "${2:-}" 2>/dev/null; }
expect 'names that pusher-js looks up, with wsHost 127.0.0.1' 'sockjs.pusher.com' "$(names pusher-js)"
expect 'Echo, broadcaster reverb' 'sockjs.pusher.com' "$(names echo)"
expect 'pusher-js, enabledTransports ws and wss' 'none' "$(names pusher-js ws,wss)"
expect 'Echo, enabledTransports ws and wss' 'none' "$(names echo ws,wss)"
