#!/usr/bin/env bash
# pusher-js 8.6.0: only the first `signin()` of a connection sends a request to the authentication endpoint, even if the response was a refusal.
# If a page fetches a new token after its first one has expired and calls `signin()` again, pusher-js sends nothing and reports no error.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minimal_pusher_server

cat >script.cjs <<'JS'
const { setTimeout: pause } = require('node:timers/promises');
const { open, refusals } = require('./page.cjs');

const { authorize, count } = refusals();
(async () => {
  const { pusher } = await open(authorize);
  pusher.signin();
  while (count() === 0) await pause(20);
  await pause(1000);
  pusher.signin();
  await pause(1000);
  console.log(count());
  process.exit();
})();
JS

expect 'requests to the authentication endpoint after two calls of signin()' 1 "$(node script.cjs 2>/dev/null | tail -n 1)"
