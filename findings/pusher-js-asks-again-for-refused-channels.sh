#!/usr/bin/env bash
# pusher-js 8.6.0: a channel that was refused stays in the list of channels. Each time the connection is established again, pusher-js sends an
# authorization request for it, until the page calls `unsubscribe()`. A restart of the Pusher server thus repeats every refusal.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pusher-js@8.6.0 ws@8.23.0

cat >page.cjs <<'JS'
const http = require('node:http');
const { once } = require('node:events');
const { setTimeout: pause } = require('node:timers/promises');
const Pusher = require('pusher-js');
const { WebSocketServer } = require('ws');

let asked = 0;
const server = http.createServer((request, response) => {
  asked += 1;
  request.resume().on('end', () => response.writeHead(403).end());
});
const sockets = new WebSocketServer({ server }).on('connection', (socket) => {
  const data = JSON.stringify({ socket_id: '1.1', activity_timeout: 120 });
  socket.send(JSON.stringify({ event: 'pusher:connection_established', data }));
});
(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  const pusher = new Pusher('key', {
    cluster: '', wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'],
    channelAuthorization: { endpoint: `http://127.0.0.1:${port}/auth` },
  });
  pusher.subscribe('private-refused');
  const reconnect = async () => {
    const connected = new Promise((resolve) => pusher.connection.bind('connected', resolve));
    for (const socket of sockets.clients) socket.terminate();
    await connected;
    await pause(500);
  };
  await new Promise((resolve) => pusher.connection.bind('connected', resolve));
  await pause(500);
  const counts = [asked];
  await reconnect();
  counts.push(asked);
  pusher.unsubscribe('private-refused');
  await reconnect();
  counts.push(asked);
  console.log(counts.join(', '));
  process.exit();
})();
JS

expect 'requests: at first, after a lost connection, after unsubscribe() and another one' '1, 2, 2' "$(node page.cjs 2>/dev/null)"
