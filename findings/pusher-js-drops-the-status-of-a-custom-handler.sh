#!/usr/bin/env bash
# pusher-js 8.6.0: a page learns the HTTP status of a refused subscription from `pusher:subscription_error`, but only from the
# built-in transports. A `customHandler` that passes an error with a `status` to its callback loses it: the event has only the
# type `AuthError` and the message. A page that retries 503 and gives up on 403 must put the status into the message.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minimal_pusher_server

cat >status.cjs <<'JS'
const Pusher = require('pusher-js');
const { refusals, serve } = require('./page.cjs');

serve(refusals().authorize).then(({ port }) => {
  const open = (channelAuthorization) =>
    new Pusher('key', {
      cluster: '', wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'], channelAuthorization,
    })
      .subscribe('private-a');
  const refused = (channel) =>
    new Promise((resolve) => channel.bind('pusher:subscription_error', ({ type, status }) => resolve(`${type} ${status}`)));
  const endpoint = `http://127.0.0.1:${port}/auth`;
  const customHandler = async (params, callback) => {
    const { status } = await fetch(endpoint, { method: 'POST' });
    callback(Object.assign(new Error('refused'), { status, type: 'AuthError' }), null);
  };
  Promise.all([refused(open({ endpoint })), refused(open({ customHandler }))]).then(([builtIn, custom]) => {
    console.log(`${builtIn}, ${custom}`);
    process.exit();
  });
});
JS

expect 'type and status in the event, with the built-in transport and with a custom handler' \
  'AuthError 403, AuthError undefined' "$(node status.cjs)"
