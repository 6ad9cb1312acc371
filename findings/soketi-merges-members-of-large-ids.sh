#!/usr/bin/env bash
# soketi 1.6.1 with pusher-js 8.6.0 and PHP 8.2: two users whose ids are 64-bit numbers, such as snowflakes, can be one member of a presence
# channel. PHP's `json_encode()` writes a number exactly, and the signature of that text is valid. soketi and pusher-js then read a
# double, in which 9007199254740992 and 9007199254740993 are equal. The second user sees the first one as `members.me`. Ids as text are exact.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages php-cli
start_soketi pusher-js@8.6.0

# Signs as a PHP application does: the socket id, the channel and the JSON of the member.
cat >sign.php <<'PHP'
<?php
[, $socket, $channel, $id, $type, $name] = $argv;
$data = json_encode(['user_id' => $type === 'number' ? (int) $id : $id, 'user_info' => ['name' => $name]]);
$auth = 'key:' . hash_hmac('sha256', "$socket:$channel:$data", 'secret');
echo json_encode(['auth' => $auth, 'channel_data' => $data]);
PHP
presence_pages
cat >pages.cjs <<'JS'
const { execFileSync } = require('node:child_process');
const { open: openPage } = require('./presence.cjs');

const [port, type] = process.argv.slice(2);
const open = async (id, name) => {
  const sign = (...asked) => JSON.parse(execFileSync('php', ['sign.php', ...asked, id, type, name]));
  return (await openPage(port, `presence-${type}`, sign)).channel.members;
};
(async () => {
  await open('9007199254740992', 'Ada');
  const members = await open('9007199254740993', 'Grace');
  console.log(`${members.count} member(s); the second user is ${members.me.info.name}`);
  process.exit();
})();
JS

php -r 'echo "PHP ", PHP_VERSION, "\n";'
expect 'two users, ids as numbers' '1 member(s); the second user is Ada' "$(node pages.cjs "$server" number)"
expect 'two users, ids as text' '2 member(s); the second user is Grace' "$(node pages.cjs "$server" text)"
