#!/usr/bin/env bash
# soketi 1.6.1 requires a signature if the channel name contains "private-" or "presence-" anywhere, not only at the beginning. So
# a client cannot subscribe to the public channel "news-private-equity", because pusher-js requests no authorization for that name.
# It also refuses a private channel whose signature covers `channel_data`, which Pusher accepts.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_soketi ws@8.23.0

cat >subscribe.cjs <<'JS'
const { createHmac } = require('node:crypto');
const { WebSocket } = require('ws');
const [port, channel, signed, channelData] = process.argv.slice(2);
const socket = new WebSocket(`ws://127.0.0.1:${port}/app/key?protocol=7`);
socket.on('message', (text) => {
  const { event, data } = JSON.parse(text);
  if (event === 'pusher:connection_established') {
    const parts = [JSON.parse(data).socket_id, channel, ...(channelData ? [channelData] : [])];
    const auth = `key:${createHmac('sha256', 'secret').update(parts.join(':')).digest('hex')}`;
    const credentials = signed === 'signed' ? { auth, ...(channelData && { channel_data: channelData }) } : {};
    socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel, ...credentials } }));
    return;
  }
  console.log(event === 'pusher:subscription_error' ? `${event} ${data.status}` : event);
  process.exit();
});
JS

subscribe() { node subscribe.cjs "$server" "$@"; }
expect 'news, without a signature' pusher_internal:subscription_succeeded "$(subscribe news unsigned)"
expect 'news-private-equity, without a signature' 'pusher:subscription_error 401' "$(subscribe news-private-equity unsigned)"
expect 'private-a, signed' pusher_internal:subscription_succeeded "$(subscribe private-a signed)"
expect 'private-a, signed with channel_data' 'pusher:subscription_error 401' "$(subscribe private-a signed '{"user_id":"1"}')"
