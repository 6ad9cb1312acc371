#!/usr/bin/env bash
# pusher-js 8.6.0: `unsubscribe()` drops the handlers of a channel only if it is subscribed. While the authorization is pending, the channel object
# and its handlers stay, and the next `subscribe()` returns them: a component that mounts, unmounts and mounts again, as React's strict
# mode does, handles each event twice. After the subscription, the same calls handle it once.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pusher-js@8.6.0 ws@8.23.0

cat >page.cjs <<'JS'
const http = require('node:http');
const { once } = require('node:events');
const Pusher = require('pusher-js');
const { WebSocketServer } = require('ws');

const send = (socket, event, channel, data) => socket.send(JSON.stringify({ event, channel, data: JSON.stringify(data) }));
const server = http.createServer((request, response) => {
  request.resume().on('end', () => setTimeout(() => response.end('{"auth":"key:signature"}'), 200));
});
new WebSocketServer({ server }).on('connection', (socket) => {
  send(socket, 'pusher:connection_established', undefined, { socket_id: '1.1', activity_timeout: 120 });
  socket.on('message', (message) => {
    const { event, data } = JSON.parse(message);
    if (event !== 'pusher:subscribe') return;
    send(socket, 'pusher_internal:subscription_succeeded', data.channel, {});
    send(socket, 'message', data.channel, {});
    send(socket, 'end', data.channel, {});
  });
});

const subscribed = async (pusher, name) => {
  const channel = pusher.subscribe(name);
  await new Promise((resolve) => channel.bind('end', resolve));
};
const handled = async (pusher, name, isSubscribed) => {
  let count = 0;
  const mount = () => pusher.subscribe(name).bind('message', () => (count += 1));
  mount();
  if (isSubscribed) await subscribed(pusher, name);
  pusher.unsubscribe(name);
  count = 0;
  mount();
  await subscribed(pusher, name);
  return count;
};
(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  const pusher = new Pusher('key', {
    cluster: '', wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'],
    channelAuthorization: { endpoint: `http://127.0.0.1:${port}/auth` },
  });
  await new Promise((resolve) => pusher.connection.bind('connected', resolve));
  console.log(await handled(pusher, 'private-pending', false));
  console.log(await handled(pusher, 'private-subscribed', true));
  process.exit();
})();
JS

node page.cjs >result
expect 'calls for one event, unsubscribed while pending' 2 "$(sed -n 1p result)"
expect 'calls for one event, unsubscribed after the subscription' 1 "$(sed -n 2p result)"
