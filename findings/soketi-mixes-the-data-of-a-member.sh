#!/usr/bin/env bash
# soketi 1.6.1 with pusher-js 8.6.0: if a member of a presence channel opens a second connection with other `user_info`, such as a new
# name, pages disagree about the member from then on. Those that were there keep the old one, because nothing tells them. The second
# page also gets the old one, as `members.me` too, although its own signature has the new one. Pages that come later get the new one.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_soketi pusher-js@8.6.0
presence_pages

cat >pages.cjs <<'JS'
const { open: openPage, sign } = require('./presence.cjs');

const [server] = process.argv.slice(2);
const open = async (user_id, name) => {
  const member = JSON.stringify({ user_id, user_info: { name } });
  return (await openPage(server, 'presence-a', (...asked) => sign(...asked, member))).channel.members;
};
(async () => {
  const before = await open('1', 'colleague');
  const first = await open('2', 'old name');
  const second = await open('2', 'new name');
  const after = await open('3', 'other colleague');
  // A page that has seen the third member would have seen a change of the second by now.
  while (before.get('3') === null) await new Promise((resolve) => setTimeout(resolve, 20));
  const names = { before: before.get('2'), first: first.me, second: second.me, after: after.get('2') };
  for (const [page, { info }] of Object.entries(names)) console.log(`${page}: ${info.name}`);
  process.exit();
})();
JS

expect 'the name of the member on the pages before it, its first page, its second page, and those after it' \
  $'before: old name\nfirst: old name\nsecond: old name\nafter: new name' "$(node pages.cjs "$server")"
