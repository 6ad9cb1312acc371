#!/usr/bin/env bash
# pusher-js 8.6.0 with soketi 1.6.1: a sign-in whose `id` is a number, such as a primary key, half succeeds. soketi accepts the user, and
# ends the connections of the user on request. pusher-js resolves `signinDonePromise` without an error, but has no `user_data`, and does not
# subscribe to the events of the user: `sendToUser()` succeeds, and nothing arrives. With the id as text, it does.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
soketi_app='{ "enableUserAuthentication": true }' start_soketi pusher-js@8.6.0 pusher@5.3.4

cat >page.cjs <<'JS'
const { createHmac } = require('node:crypto');
const { setTimeout: pause } = require('node:timers/promises');
const PusherApi = require('pusher');
const Pusher = require('pusher-js');
const [port, user_data] = process.argv.slice(2);
const customHandler = ({ socketId }, callback) => {
  const signed = `${socketId}::user::${user_data}`;
  callback(null, { auth: `key:${createHmac('sha256', 'secret').update(signed).digest('hex')}`, user_data });
};
(async () => {
  const api = new PusherApi({ appId: '1', key: 'key', secret: 'secret', host: '127.0.0.1', port, useTLS: false });
  const pusher = new Pusher('key', {
    cluster: '', wsHost: '127.0.0.1', wsPort: Number(port), forceTLS: false, enabledTransports: ['ws'],
    userAuthentication: { customHandler },
  });
  let events = 0;
  pusher.user.bind('news', () => { events += 1; });
  pusher.signin();
  await pusher.user.signinDonePromise;
  await pause(500);
  const { status } = await api.sendToUser('15', 'news', {});
  await pause(500);
  const ended = new Promise((resolve) => pusher.connection.bind('disconnected', () => resolve('ended')));
  await api.terminateUserConnections('15');
  const connection = await Promise.race([ended, pause(5000, 'open')]);
  console.log(`signed in; sendToUser ${status}, ${events} events; terminate: ${connection}`);
  process.exit();
})();
JS

expect 'the id 15' 'signed in; sendToUser 200, 0 events; terminate: ended' "$(node page.cjs "$server" '{"id":15}' 2>/dev/null)"
expect 'the id "15"' 'signed in; sendToUser 200, 1 events; terminate: ended' "$(node page.cjs "$server" '{"id":"15"}' 2>/dev/null)"
