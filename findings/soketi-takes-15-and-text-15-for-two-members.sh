#!/usr/bin/env bash
# soketi 1.6.1 with pusher-js 8.6.0: the user ids `15` and `"15"` are two members at the server and one on the pages, which keep
# members by the text of the id. `members.count` counts both. When either has left, the pages have removed the user, who is still there.
# Two endpoints are enough: one that signs the number of a primary key, and one that signs a text.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_soketi pusher-js@8.6.0 pusher@5.3.4
presence_pages

cat >pages.cjs <<'JS'
const PusherApi = require('pusher');
const { open: openPage, sign } = require('./presence.cjs');

const port = process.argv[2];
const open = (member) => openPage(port, 'presence-a', (...asked) => sign(...asked, member));
const api = new PusherApi({ appId: '1', key: 'key', secret: 'secret', host: '127.0.0.1', port, useTLS: false });
const atServer = async () => {
  const { users } = await (await api.get({ path: '/channels/presence-a/users' })).json();
  return users.map(({ id }) => JSON.stringify(id)).join();
};
(async () => {
  const colleague = await open('{"user_id":"colleague","user_info":{}}');
  const number = await open('{"user_id":15,"user_info":{}}');
  const text = await open('{"user_id":"15","user_info":{}}');
  const { members } = text.channel;
  console.log(`server: ${await atServer()}; page: ${Object.keys(members.members)}, count ${members.count}`);
  const removed = new Promise((resolve) => colleague.channel.bind('pusher:member_removed', resolve));
  number.pusher.disconnect();
  await removed;
  console.log(`server: ${await atServer()}; page: ${Object.keys(colleague.channel.members.members)}`);
  process.exit();
})();
JS

node pages.cjs "$server" >result
expect 'members, with the ids 15 and "15"' 'server: "colleague",15,"15"; page: 15,colleague, count 3' "$(sed -n 1p result)"
expect 'after the page of 15 has left' 'server: "colleague","15"; page: colleague' "$(sed -n 2p result)"
