#!/usr/bin/env bash
# soketi 1.6.1 with the npm package pusher 5.3.4: the parameter `info` of the HTTP API has no effect. A list of presence channels asked for
# with `info=user_count`, as Pusher documents it, has `subscription_count` in place of it, which counts connections: a user with two pages
# counts twice. `trigger()` with `info` returns no counts. Only the request for a single channel has `user_count`, asked for or not.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_soketi pusher-js@8.6.0 pusher@5.3.4

cat >ask.cjs <<'JS'
const PusherApi = require('pusher');
const Pusher = require('pusher-js');
const port = process.argv[2];
const api = new PusherApi({ appId: '1', key: 'key', secret: 'secret', host: '127.0.0.1', port, useTLS: false });
const open = async () => {
  const customHandler = ({ socketId, channelName }, callback) =>
    callback(null, api.authorizeChannel(socketId, channelName, { user_id: '15', user_info: {} }));
  const pusher = new Pusher('key', {
    cluster: '', wsHost: '127.0.0.1', wsPort: Number(port), forceTLS: false, enabledTransports: ['ws'],
    channelAuthorization: { customHandler },
  });
  const channel = pusher.subscribe('presence-a');
  await new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve));
};
const text = async (answer) => JSON.stringify(await (await answer).json());
(async () => {
  await open();
  await open();
  console.log(await text(api.get({ path: '/channels', params: { filter_by_prefix: 'presence-', info: 'user_count' } })));
  console.log(await text(api.trigger('presence-a', 'news', {}, { info: 'user_count' })));
  console.log(await text(api.get({ path: '/channels/presence-a' })));
  process.exit();
})();
JS

node ask.cjs "$server" >result
expect 'channels with info=user_count, one user with two pages' '{"channels":{"presence-a":{"subscription_count":2,"occupied":true}}}' \
  "$(sed -n 1p result)"
expect 'trigger() with info' '{"ok":true}' "$(sed -n 2p result)"
expect 'one channel, without info' '{"subscription_count":2,"occupied":true,"user_count":1}' "$(sed -n 3p result)"
