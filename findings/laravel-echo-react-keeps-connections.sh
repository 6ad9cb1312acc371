#!/usr/bin/env bash
# @laravel/echo-react 2.5.0 with pusher-js 8.6.0: a second `configureEcho()`, as after a login of another user, leaves the connection of the
# first one open. Channels whose components are unmounted afterwards stay subscribed there, because leaving a channel is a call to the new
# Echo. And a hook gets the old connection for a channel that another component still uses, so the new user is not asked for.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_soketi pusher-js@8.6.0 @laravel/echo-react@2.5.0 laravel-echo@2.5.0 react@19.2.7 react-dom@19.2.7 jsdom@29.1.1

cat >page.mjs <<'JS'
import { createHmac } from 'node:crypto';
import { JSDOM } from 'jsdom';
import Pusher from 'pusher-js';

const { window } = new JSDOM('<div></div>');
Object.assign(globalThis, { window, document: window.document, navigator: window.navigator });
const { createElement } = await import('react');
const { createRoot } = await import('react-dom/client');
const { configureEcho, useEcho } = await import('@laravel/echo-react');

const connections = [];
const requests = [];
class CountedPusher extends Pusher {
  constructor(...settings) {
    super(...settings);
    connections.push(this);
  }
}
const logIn = (user) =>
  configureEcho({
    broadcaster: 'pusher', Pusher: CountedPusher, key: 'key', cluster: '', wsHost: '127.0.0.1', wsPort: Number(process.argv[2]),
    forceTLS: false, enabledTransports: ['ws'],
    channelAuthorization: {
      customHandler: ({ socketId, channelName }, callback) => {
        requests.push(`${user} ${channelName}`);
        const signature = createHmac('sha256', 'secret').update(`${socketId}:${channelName}`).digest('hex');
        callback(null, { auth: `key:${signature}` });
      },
    },
  });
const Order = ({ id }) => {
  useEcho(`orders.${id}`, '.paid', () => {});
  return null;
};
const root = createRoot(window.document.querySelector('div'));
const order = (user, id) => createElement(Order, { id, key: `${user} ${id}` });
const subscribed = (connection) =>
  Object.values(connection.channels.channels).filter((channel) => channel.subscribed).map((channel) => channel.name);
const show = async (...orders) => {
  root.render(orders);
  // Long enough for a connection and its subscriptions on this machine.
  await new Promise((resolve) => setTimeout(resolve, 2000));
};

logIn('ann');
await show(order('ann', 7), order('ann', 8));
logIn('bob');
await show(order('ann', 8), order('bob', 8), order('bob', 9));
console.log(requests.join(', '));
await show(order('bob', 9));
for (const connection of connections) console.log(`${connection.connection.state}: ${subscribed(connection).join(', ')}`);
process.exit();
JS

node page.mjs "$server" >result
expect 'authorization requests' 'ann private-orders.7, ann private-orders.8, bob private-orders.9' "$(sed -n 1p result)"
expect 'connection of ann, without components' 'connected: private-orders.7, private-orders.8' "$(sed -n 2p result)"
expect 'connection of bob' 'connected: private-orders.9' "$(sed -n 3p result)"
