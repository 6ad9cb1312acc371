#!/usr/bin/env bash
# pusher 5.3.4 (npm): a correctly signed webhook whose Content-Type has a charset is "not valid". The library compares the header
# with `application/json` as a text, although RFC 8259 and any proxy may add `; charset=utf-8`. Its log line is the only reason it gives.
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

expect 'valid without and with a charset' 'true false' "$(node check.cjs 2>/dev/null | tail -n 1)"
