#!/usr/bin/env bash
# pusher-js 8.6.0: only the first `signin()` of a connection sends a request to the authentication endpoint, even if the response was a refusal.
# If a page fetches a new token after its first one has expired and calls `signin()` again, pusher-js sends nothing and reports no error.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pusher-js@8.6.0 ws@8.23.0

cat >page.cjs <<'JS'
const http = require('node:http');
const { setTimeout: pause } = require('node:timers/promises');
const Pusher = require('pusher-js');
const { WebSocketServer } = require('ws');

let asked = 0;
const server = http.createServer((request, response) => {
  asked += 1;
  response.statusCode = 403;
  request.resume().on('end', () => response.end());
});
new WebSocketServer({ server }).on('connection', (socket) => {
  const data = JSON.stringify({ socket_id: '1.1', activity_timeout: 120 });
  socket.send(JSON.stringify({ event: 'pusher:connection_established', data }));
});
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const pusher = new Pusher('key', {
    cluster: '', wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'],
    userAuthentication: { endpoint: `http://127.0.0.1:${port}/user-auth` },
  });
  await new Promise((resolve) => pusher.connection.bind('connected', resolve));
  pusher.signin();
  while (asked === 0) await pause(20);
  await pause(1000);
  pusher.signin();
  await pause(1000);
  console.log(asked);
  process.exit();
});
JS

expect 'requests to the authentication endpoint after two calls of signin()' 1 "$(node page.cjs 2>/dev/null | tail -n 1)"
