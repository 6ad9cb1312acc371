#!/usr/bin/env bash
# laravel-echo 2.5.0 with pusher-js 8.6.0: `channelAuthorization`, the option that pusher-js documents, disables Echo's own
# `bearerToken`, `auth.headers` and CSRF token. Echo merges them into its `auth` option only, and pusher-js reads `auth` only if
# `channelAuthorization` is missing. A page that uses the documented option sends no credential, without a warning.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minimal_pusher_server laravel-echo@2.5.0

cat >token.mjs <<'JS'
import Echo from 'laravel-echo';
import Pusher from 'pusher-js';
import { serve } from './page.cjs';

const { port } = await serve((request) => {
  console.log(request.headers.authorization ?? 'none');
  process.exit();
});
const endpoint = `http://127.0.0.1:${port}/broadcasting/auth`;
const named = process.argv[2] === 'modern' ? { channelAuthorization: { endpoint, transport: 'ajax' } } : { authEndpoint: endpoint };
const echo = new Echo({
  broadcaster: 'pusher', key: 'key', cluster: '', Pusher, bearerToken: 'token-of-15',
  wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'], ...named,
});
echo.private('orders');
JS

expect 'Authorization with authEndpoint' 'Bearer token-of-15' "$(node token.mjs)"
expect 'Authorization with channelAuthorization' none "$(node token.mjs modern)"
