#!/usr/bin/env bash
# laravel-echo 2.5.0 with pusher-js 8.6.0: `join()` of a channel that the page is already in returns the same channel, and neither
# `here()` nor `subscribed()` is called for the second caller. A component that is mounted later gets no list of members until the
# connection is lost. The list is there: `subscription.members` of the channel has it.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minimal_pusher_server laravel-echo@2.5.0

cat >join.mjs <<'JS'
import { setTimeout as pause } from 'node:timers/promises';
import Echo from 'laravel-echo';
import Pusher from 'pusher-js';
import { serve } from './page.cjs';

const channel_data = JSON.stringify({ user_id: '1', user_info: { name: 'clerk' } });
const authorize = (request, response) => {
  request.resume().on('end', () => response.end(JSON.stringify({ auth: 'key:signature', channel_data })));
};
const presence = { count: 1, ids: ['1'], hash: { 1: { name: 'clerk' } } };
const subscribed = { event: 'pusher_internal:subscription_succeeded', data: JSON.stringify({ presence }), channel: 'presence-a' };
const sockets = [];
const { port } = await serve(authorize, (socket) => {
  sockets.push(socket);
  socket.on('message', () => socket.send(JSON.stringify(subscribed)));
});
const echo = new Echo({
  broadcaster: 'pusher', Pusher, key: 'key', cluster: '',
  wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'],
  authEndpoint: `http://127.0.0.1:${port}/`,
});
const calls = [];
const join = (caller) =>
  echo.join('a').here(() => calls.push(`here of ${caller}`)).subscribed(() => calls.push(`subscribed of ${caller}`));
join('first');
while (calls.length < 2) await pause(20);
const { members } = join('second').subscription;
await pause(1000);
console.log(`joined: ${calls.splice(0).join(', ')}; members: ${members.count}`);
sockets[0].close();
while (calls.length < 2) await pause(20);
await pause(200);
console.log(`connected again: ${calls.join(', ')}`);
process.exit();
JS

node join.mjs >result
expect 'calls after the second join(), and members' 'joined: here of first, subscribed of first; members: 1' "$(sed -n 1p result)"
expect 'calls after the page connected again' \
  'connected again: here of first, subscribed of first, here of second, subscribed of second' "$(sed -n 2p result)"
