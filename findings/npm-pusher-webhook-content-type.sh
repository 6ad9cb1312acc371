#!/usr/bin/env bash
# pusher 5.3.4 (npm) rejects a correctly signed webhook if its Content-Type has a charset. The library compares the header
# with the text `application/json`, although a proxy may add `; charset=utf-8`. It gives the reason only in a log line.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pusher@5.3.4

cat >check.cjs <<'JS'
const { createHmac } = require('node:crypto');
const Pusher = require('pusher');
const pusher = new Pusher({ appId: '1', key: 'key', secret: 'secret', cluster: 'eu' });
const rawBody = JSON.stringify({ time_ms: 1, events: [{ name: 'channel_occupied', channel: 'private-a' }] });
const signature = createHmac('sha256', 'secret').update(rawBody).digest('hex');
const valid = (type) =>
  pusher.webhook({ headers: { 'x-pusher-key': 'key', 'x-pusher-signature': signature, 'content-type': type }, rawBody }).isValid();
console.log(valid('application/json'), valid('application/json; charset=utf-8'));
JS

expect 'valid without a charset, and with one' 'true false' "$(node check.cjs 2>/dev/null | tail -n 1)"
