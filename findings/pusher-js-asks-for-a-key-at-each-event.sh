#!/usr/bin/env bash
# pusher-js 8.6.0 with soketi 1.6.1: if a page cannot decrypt an event of an encrypted channel, it requests an authorization, to get a
# new key, and does so for each event. There is no delay, no limit, and no wait for a request that is under way. So while the sender and the
# endpoint have different master keys, each event makes each page send one more request. The events are lost, and no handler is called.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_soketi pusher-js@8.6.0 pusher@5.3.4

cat >page.cjs <<'JS'
const PusherApi = require('pusher');
const Pusher = require('pusher-js');
const port = process.argv[2];
const app = (byte) => new PusherApi({
  appId: '1', key: 'key', secret: 'secret', host: '127.0.0.1', port, useTLS: false,
  encryptionMasterKeyBase64: Buffer.alloc(32, byte).toString('base64'),
});
const [endpoint, sender] = [app(1), app(2)];
const waiting = [];
let requests = 0;
let delivered = 0;
const customHandler = ({ socketId, channelName }, callback) => {
  requests += 1;
  const respond = () => callback(null, endpoint.authorizeChannel(socketId, channelName));
  if (requests === 1) respond();
  else waiting.push(respond);
};
const pusher = new Pusher('key', {
  cluster: '', wsHost: '127.0.0.1', wsPort: Number(port), forceTLS: false, enabledTransports: ['ws'],
  channelAuthorization: { customHandler },
});
const failures = [];
const channel = pusher.subscribe('private-encrypted-a');
channel.bind('news', () => { delivered += 1; });
channel.bind('pusher:subscription_error', (error) => failures.push(error));
(async () => {
  await new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve));
  requests = 1;
  for (let event = 0; event < 10; event += 1) await sender.trigger('private-encrypted-a', 'news', { event });
  // An event of the same channel that the page can decrypt is the last to arrive.
  const last = new Promise((resolve) => channel.bind('last', resolve));
  await endpoint.trigger('private-encrypted-a', 'last', {});
  await last;
  console.log(`${requests - 1} requests, ${waiting.length} at the same time; ${delivered} events, ${failures.length} errors`);
  process.exit();
})();
JS

expect '10 events of another master key' '10 requests, 10 at the same time; 0 events, 0 errors' "$(node page.cjs "$server" 2>/dev/null)"
