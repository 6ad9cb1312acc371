#!/usr/bin/env bash
# laravel-echo 2.5.0: with a CSRF token, which Echo also finds in the page's <meta name="csrf-token">, the constructor writes
# the token into `userAuthentication.headers` without creating it. An application that sets only
# `userAuthentication: { endpoint }` gets a TypeError at `new Echo`, and no connection. Without a CSRF token the same options work.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages laravel-echo@2.5.0 pusher-js@8.6.0

cat >page.mjs <<'JS'
import Echo from 'laravel-echo';
import Pusher from 'pusher-js';

const open = (options) => {
  try {
    const client = new Pusher('key', { cluster: '', wsHost: '127.0.0.1', wsPort: 9, forceTLS: false, enabledTransports: ['ws'] });
    client.disconnect();
    new Echo({ broadcaster: 'pusher', key: 'key', client, ...options });
    return 'created';
  } catch (error) {
    return error.name;
  }
};
const userAuthentication = { endpoint: '/broadcasting/user-auth' };
console.log(
  [
    open({ userAuthentication }),
    open({ userAuthentication, csrfToken: 'token' }),
    open({ userAuthentication: { ...userAuthentication, headers: {} }, csrfToken: 'token' }),
  ].join(', '),
);
process.exit();
JS

expect 'new Echo without a CSRF token, with one, and with one beside empty headers' \
  'created, TypeError, created' "$(node page.mjs)"
