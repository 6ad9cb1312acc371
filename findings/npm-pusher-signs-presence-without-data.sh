#!/usr/bin/env bash
# pusher 5.3.4 (npm): `authorizeChannel` signs a presence channel without `channel_data`. Pusher's protocol requires
# `channel_data`, so the endpoint sends 200 with a signature, and the subscription fails later, at the Pusher server.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pusher@5.3.4

cat >check.cjs <<'JS'
const Pusher = require('pusher');
const pusher = new Pusher({ appId: '1', key: 'key', secret: 'secret', cluster: 'eu' });
console.log(Object.keys(pusher.authorizeChannel('1.1', 'presence-room')).join());
JS

expect 'fields of the response for a presence channel' auth "$(node check.cjs)"
