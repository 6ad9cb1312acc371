#!/usr/bin/env bash
# soketi 1.6.1 with pusher-js 8.6.0: `user_info` is optional in `channel_data`, but a member without it is not in the list that soketi sends to
# a page that enters. That page has no `members.me`, sees nobody, and counts them all the same. Pages that were there before see
# them. `"user_info":{}` or `null` is enough.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_soketi pusher-js@8.6.0
presence_pages

cat >pages.cjs <<'JS'
const { open: openPage, sign } = require('./presence.cjs');

const [port, more] = process.argv.slice(2);
const open = async (user_id) => {
  const member = JSON.stringify({ user_id, ...JSON.parse(more) });
  return (await openPage(port, 'presence-a', (...asked) => sign(...asked, member))).channel;
};
const state = ({ members }) => {
  const ids = [];
  members.each(({ id }) => ids.push(id));
  return `[${ids}] of ${members.count}, me ${members.me?.id}`;
};
(async () => {
  const first = await open('1');
  const added = new Promise((resolve) => first.bind('pusher:member_added', resolve));
  const second = await open('2');
  await added;
  console.log(`first page: ${state(first)}; second page: ${state(second)}`);
  process.exit();
})();
JS

expect 'members without user_info' 'first page: [2] of 2, me undefined; second page: [] of 2, me undefined' "$(node pages.cjs "$server" '{}')"
expect 'with an empty user_info' 'first page: [1,2] of 2, me 1; second page: [1,2] of 2, me 2' \
  "$(node pages.cjs "$server" '{ "user_info": {} }')"
