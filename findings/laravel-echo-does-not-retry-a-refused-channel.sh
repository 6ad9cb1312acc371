#!/usr/bin/env bash
# laravel-echo 2.5.0 with pusher-js 8.6.0: `subscribe()` of pusher-js sends a new authorization request for a channel that was refused. `private()`
# of Echo returns the object of the refused channel and sends nothing, also after the visitor has logged in. `error()` and
# `subscribed()` of that object are never called. `leave()` before `private()` helps.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minimal_pusher_server laravel-echo@2.5.0

cat >script.mjs <<'JS'
import { setTimeout as pause } from 'node:timers/promises';
import Echo from 'laravel-echo';
import { open } from './page.cjs';

globalThis.window = globalThis;
let asked = [];
const { pusher } = await open(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  asked.push(new URLSearchParams(body).get('channel_name'));
  response.writeHead(403).end();
});
const echo = new Echo({ broadcaster: 'pusher', client: pusher });
const refused = (channel) => new Promise((resolve) => channel.bind('pusher:subscription_error', resolve));
await Promise.all([refused(pusher.subscribe('private-a')), new Promise((resolve) => echo.private('b').error(resolve))]);

asked = [];
let errors = 0;
pusher.subscribe('private-a');
echo.private('b').error(() => (errors += 1));
await pause(1000);
console.log(`${asked.join(' ')}, ${errors} errors`);
asked = [];
echo.leave('b');
await new Promise((resolve) => echo.private('b').error(resolve));
console.log(asked.join(' '));
process.exit();
JS

node script.mjs >result 2>/dev/null
expect 'requests of the second subscribe(private-a) and private(b)' 'private-a, 0 errors' "$(sed -n 1p result)"
expect 'requests of private(b) after leave(b)' 'private-b' "$(sed -n 2p result)"
