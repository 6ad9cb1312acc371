#!/usr/bin/env bash
# soketi 1.6.1 with pusher-js 8.6.0: with `enableUserAuthentication` in the app, soketi closes a connection after 30 seconds unless it has
# signed in or subscribed to a private or presence channel. A page that has public channels only is closed with 4009, in use or not, and
# pusher-js does not reconnect after such a code. Without the option the page stays connected.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
soketi_app='{ "enableUserAuthentication": true }' start_soketi pusher-js@8.6.0

cat >pages.cjs <<'JS'
const { createHmac } = require('node:crypto');
const Pusher = require('pusher-js');
const port = Number(process.argv[2]);
const open = (name) => {
  const customHandler = ({ socketId, channelName }, callback) => {
    callback(null, { auth: `key:${createHmac('sha256', 'secret').update(`${socketId}:${channelName}`).digest('hex')}` });
  };
  const pusher = new Pusher('key', {
    cluster: '', wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'],
    channelAuthorization: { customHandler },
  });
  pusher.subscribe(name);
  return pusher;
};
const pages = [open('news'), open('private-news')];
const codes = [];
pages[0].connection.bind('message', ({ event, data }) => {
  if (event === 'pusher:error') codes.push(data.code);
});
// pusher-js would have reconnected within 10 seconds.
setTimeout(() => {
  console.log(`public: ${pages[0].connection.state} ${codes}; private: ${pages[1].connection.state}`);
  process.exit();
}, 45_000);
JS

expect 'pages with one channel, after 45 seconds' 'public: disconnected 4009; private: connected' "$(node pages.cjs "$server")"
