#!/usr/bin/env bash
# reconnecting-websocket 4.4.0 and partysocket 1.3.0: after any end, also a close with 1000, 1008 or 4401 and a handshake that was refused with 401, the
# page connects again, with the URL of the first time. So a page whose URL has a single-use ticket is refused from then on, without an end.
# A function in place of the URL is called for each handshake.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages reconnecting-websocket@4.4.0 partysocket@1.3.0 ws@8.23.0
cat >page.mjs <<'JS'
import { once } from 'node:events';
import { WebSocket as PartySocket } from 'partysocket';
import ReconnectingWebSocket from 'reconnecting-websocket';
import { WebSocket, WebSocketServer } from 'ws';

/** The number of different URLs of four handshakes, which the server ends so. */
async function urls(Socket, end, urlOf) {
  const seen = [];
  const verifyClient = ({ req }, respond) => {
    seen.push(req.url);
    respond(end !== 'refused', 401);
  };
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', verifyClient });
  server.on('connection', (socket) => socket.close(end));
  await once(server, 'listening');
  const base = `ws://127.0.0.1:${server.address().port}/ws?ticket=`;
  const delays = { minReconnectionDelay: 10, maxReconnectionDelay: 20, minUptime: 10 };
  const page = new Socket(urlOf(base), [], { WebSocket, ...delays });
  page.addEventListener('error', () => {});
  while (seen.length < 4) await new Promise((resolve) => setTimeout(resolve, 10));
  page.close();
  return new Set(seen.slice(0, 4)).size;
}

let tickets = 0;
for (const Socket of [ReconnectingWebSocket, PartySocket]) {
  const results = [];
  for (const end of [1000, 1008, 4401, 'refused']) results.push(await urls(Socket, end, (base) => `${base}1`));
  results.push(await urls(Socket, 4401, (base) => () => `${base}${(tickets += 1)}`));
  console.log(results.join(' '));
}
process.exit();
JS
timeout 60 node page.mjs >result
names='URLs of four handshakes after 1000, 1008, 4401, 401, and with a function'
expect "reconnecting-websocket: $names" '1 1 1 1 4' "$(sed -n 1p result)"
expect "partysocket: $names" '1 1 1 1 4' "$(sed -n 2p result)"
