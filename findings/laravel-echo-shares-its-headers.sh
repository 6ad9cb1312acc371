#!/usr/bin/env bash
# laravel-echo 2.5.0: all Echo objects of a page that set no `auth` of their own share one object of default headers, and each
# writes its `bearerToken` into it. So the token of the newest object replaces that of the others: their next subscription or
# reconnection authorizes as another user. With an own `auth: { headers: {} }` the objects are independent.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minimal_pusher_server laravel-echo@2.5.0

cat >headers.mjs <<'JS'
import Echo from 'laravel-echo';
import Pusher from 'pusher-js';
import { serve } from './page.cjs';

const [options] = process.argv.slice(2);
const tokens = new Map();
const { port } = await serve((request, response) => {
  request.resume().on('end', () => response.writeHead(403).end());
  tokens.set(request.url.slice(1), request.headers.authorization ?? 'none');
  if (tokens.size < 2) return;
  console.log(`${tokens.get('first')}, ${tokens.get('second')}`);
  process.exit();
});
const open = (name, bearerToken) =>
  new Echo({
    broadcaster: 'pusher', Pusher, key: 'key', cluster: '',
    wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'],
    authEndpoint: `http://127.0.0.1:${port}/${name}`, bearerToken, ...JSON.parse(options),
  });
for (const echo of [open('first', 'A'), open('second', 'B')]) echo.private('a');
JS

sent() { node headers.mjs "$1" 2>/dev/null; }
expect 'Authorization of two objects with the tokens A and B, and an own auth' 'Bearer A, Bearer B' "$(sent '{ "auth": { "headers": {} } }')"
expect 'the same without an own auth' 'Bearer B, Bearer B' "$(sent '{}')"
