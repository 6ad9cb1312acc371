#!/usr/bin/env bash
# pusher-js 8.6.0: `unsubscribe()` drops the handlers of a channel only if it is subscribed. While the authorization is pending, the channel object
# and its handlers stay, and the next `subscribe()` returns them: a component that mounts, unmounts and mounts again, as React's strict
# mode does, handles each event twice. After the subscription, the same calls handle it once.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minimal_pusher_server

cat >script.cjs <<'JS'
const { open } = require('./page.cjs');

const authorize = (request, response) => {
  request.resume().on('end', () => setTimeout(() => response.end('{"auth":"key:signature"}'), 200));
};
const send = (socket, event, channel) => socket.send(JSON.stringify({ event, channel, data: '{}' }));
const onSocket = (socket) => {
  socket.on('message', (message) => {
    const { event, data } = JSON.parse(message);
    if (event !== 'pusher:subscribe') return;
    for (const sent of ['pusher_internal:subscription_succeeded', 'message', 'end']) send(socket, sent, data.channel);
  });
};
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
  const { pusher } = await open(authorize, onSocket);
  console.log(await handled(pusher, 'private-pending', false));
  console.log(await handled(pusher, 'private-subscribed', true));
  process.exit();
})();
JS

node script.cjs >result
expect 'calls for one event, unsubscribed while pending' 2 "$(sed -n 1p result)"
expect 'calls for one event, unsubscribed after the subscription' 1 "$(sed -n 2p result)"
