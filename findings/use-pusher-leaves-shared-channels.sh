#!/usr/bin/env bash
# @harelpls/use-pusher 7.2.1: two components with `useChannel()` of one channel share one subscription, and the first one that unmounts ends it
# for both. The component that is still on the page gets no more events and no error.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_soketi @harelpls/use-pusher@7.2.1 react@16.14.0 react-dom@16.14.0 jsdom@29.1.1

cat >page.cjs <<'JS'
const { createHmac } = require('node:crypto');
const { JSDOM } = require('jsdom');

const { window } = new JSDOM('<div></div>', { pretendToBeVisual: true });
Object.assign(globalThis, { window, document: window.document, navigator: window.navigator });
const { createElement } = require('react');
const { render } = require('react-dom');
const { PusherProvider, useChannel, usePusher } = require('@harelpls/use-pusher');

let pusher;
const authorizer = (channel) => ({
  authorize: (socketId, callback) => {
    const signature = createHmac('sha256', 'secret').update(`${socketId}:${channel.name}`).digest('hex');
    callback(null, { auth: `key:${signature}` });
  },
});
const options = { authorizer, wsHost: '127.0.0.1', wsPort: Number(process.argv[2]), forceTLS: false, enabledTransports: ['ws'] };
const Order = () => {
  useChannel('private-orders.7');
  pusher = usePusher().client ?? pusher;
  return null;
};
const show = async (...names) => {
  const orders = names.map((key) => createElement(Order, { key }));
  const provider = createElement(PusherProvider, { clientKey: 'key', cluster: 'mt1', ...options, children: orders });
  render(provider, window.document.querySelector('div'));
  // Long enough for a connection and a subscription on a slow machine.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  return Object.values(pusher.channels.channels).filter((channel) => channel.subscribed).length;
};
(async () => {
  console.log(await show('list', 'detail'));
  console.log(await show('list'));
  process.exit();
})();
JS

node page.cjs "$server" >result
expect 'two components: subscribed channels' '1' "$(sed -n 1p result)"
expect 'one of them unmounts: subscribed channels' '0' "$(sed -n 2p result)"
