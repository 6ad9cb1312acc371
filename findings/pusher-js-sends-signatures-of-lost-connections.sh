#!/usr/bin/env bash
# pusher-js 8.6.0 with soketi 1.6.1: if the connection is lost while a channel is being authorized, pusher-js requests a second
# authorization for the new connection, and still uses the answer to the first one when it arrives. It sends that signature, of the
# old socket id, over the new connection, where it is invalid. The page gets `pusher:subscription_error` with 401 for a channel
# that is subscribed, or is about to be. A slow authorization and a short loss of the network are enough.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_soketi pusher-js@8.6.0

cat >page.cjs <<'JS'
const { createHmac } = require('node:crypto');
const { EventEmitter, once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { setTimeout: pause } = require('node:timers/promises');
const Pusher = require('pusher-js');

const [server, cut] = process.argv.slice(2);
const events = [];
const listen = (program) => new Promise((resolve) => program.listen(0, '127.0.0.1', () => resolve(program.address().port)));
(async () => {
  const connections = [];
  const relay = net.createServer((client) => {
    const upstream = net.connect(Number(server), '127.0.0.1');
    for (const end of [client, upstream]) end.on('error', () => {});
    client.pipe(upstream).pipe(client);
    connections.push(client);
  });
  let requests = 0;
  const firstAnswer = new EventEmitter();
  const endpoint = http.createServer(async (request, response) => {
    requests += 1;
    const isFirst = requests === 1;
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    const signed = [form.get('socket_id'), form.get('channel_name')].join(':');
    if (isFirst && cut === 'cut') connections[0].destroy();
    if (isFirst) await pause(3000);
    events.push(`answer ${isFirst ? 1 : 2}`);
    response.end(JSON.stringify({ auth: `key:${createHmac('sha256', 'secret').update(signed).digest('hex')}` }));
    if (isFirst) firstAnswer.emit('sent');
  });
  const pusher = new Pusher('key', {
    cluster: '', wsHost: '127.0.0.1', wsPort: await listen(relay), forceTLS: false, enabledTransports: ['ws'],
    channelAuthorization: { endpoint: `http://127.0.0.1:${await listen(endpoint)}/` },
  });
  const channel = pusher.subscribe('private-a');
  channel.bind('pusher:subscription_succeeded', () => events.push('succeeded'));
  channel.bind('pusher:subscription_error', ({ status }) => events.push(`error ${status}`));
  await once(firstAnswer, 'sent');
  await pause(1500);
  console.log(`${events.join(', ')}; subscribed: ${channel.subscribed}`);
  process.exit();
})();
JS

expect 'slow authorization' 'answer 1, succeeded; subscribed: true' "$(node page.cjs "$server" keep)"
expect 'slow authorization, during which the connection is lost' 'answer 2, succeeded, answer 1, error 401; subscribed: true' \
  "$(node page.cjs "$server" cut 2>/dev/null)"
