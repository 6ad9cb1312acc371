#!/usr/bin/env bash
# soketi 1.6.1 with npm pusher 5.3.4: the HTTP API reports its errors with the HTTP status 200, and the actual status in the body. So `trigger()` of a program with
# a wrong secret, or with an event that is too large, resolves without an error, and no page receives the event.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
soketi_app='{ "maxEventPayloadInKb": 1 }' start_soketi pusher@5.3.4
cat >program.cjs <<'JS'
const Pusher = require('pusher');

const [port] = process.argv.slice(2);
const server = { appId: '1', key: 'key', host: '127.0.0.1', port, useTLS: false };
const right = new Pusher({ ...server, secret: 'secret' });
const wrong = new Pusher({ ...server, secret: 'another secret' });
const show = async (sent) => {
  const response = await sent;
  console.log(response.status, await response.text());
};
(async () => {
  await show(right.trigger('orders', 'event', 'data'));
  await show(wrong.trigger('orders', 'event', 'data'));
  await show(right.trigger('orders', 'event', 'x'.repeat(2_000)));
  await show(right.get({ path: '/channels/private-orders/users' }));
})();
JS
node program.cjs "$server" >result
expect 'an event' '200 {"ok":true}' "$(sed -n 1p result)"
expect 'with a wrong secret' '200 {"error":"The secret authentication failed","code":401}' "$(sed -n 2p result)"
expect 'with 2,000 characters, where 1 KB is the limit' '200 {"error":"The event data should be less than 1 KB.","code":413}' "$(sed -n 3p result)"
expect 'the users of a private channel' '200 {"error":"The channel must be a presence channel.","code":400}' "$(sed -n 4p result)"
