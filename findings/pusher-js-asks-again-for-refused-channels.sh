#!/usr/bin/env bash
# pusher-js 8.6.0: a channel that was refused stays in the list of channels. Each time the connection is established again, pusher-js sends an
# authorization request for it, until the page calls `unsubscribe()`. A restart of the Pusher server thus repeats every refusal.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minimal_pusher_server

cat >script.cjs <<'JS'
const { setTimeout: pause } = require('node:timers/promises');
const { open, refusals } = require('./page.cjs');

const { authorize, count } = refusals();
(async () => {
  const { pusher, sockets } = await open(authorize);
  const reconnect = async () => {
    const connected = new Promise((resolve) => pusher.connection.bind('connected', resolve));
    for (const socket of sockets.clients) socket.terminate();
    await connected;
    await pause(500);
  };
  pusher.subscribe('private-refused');
  await pause(500);
  const counts = [count()];
  await reconnect();
  counts.push(count());
  pusher.unsubscribe('private-refused');
  await reconnect();
  counts.push(count());
  console.log(counts.join(', '));
  process.exit();
})();
JS

expect 'requests: at first, after a lost connection, after unsubscribe() and another one' '1, 2, 2' "$(node script.cjs 2>/dev/null)"
