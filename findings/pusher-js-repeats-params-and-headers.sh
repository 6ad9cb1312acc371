#!/usr/bin/env bash
# pusher-js 8.6.0: `paramsProvider` and `headersProvider` do not replace `params` and `headers` of the same name.
# The form contains the field twice, and the header has one value with a comma. An application that moves from a fixed
# token or tenant to a provider, and keeps the fixed one, sends both. With `Content-Type` it sends two media types, of which the
# body has only one. Servers that use the first value, the last value or the whole text interpret the request differently.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minimal_pusher_server

cat >params.cjs <<'JS'
const Pusher = require('pusher-js');
const { serve } = require('./page.cjs');

const authorize = async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { 'x-tenant-id': tenant, 'content-type': type } = request.headers;
  console.log(JSON.stringify({ body, tenant, type }));
  response.end();
  process.exit();
};
serve(authorize).then(({ port }) => {
  const pusher = new Pusher('key', {
    cluster: '', wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'],
    channelAuthorization: {
      endpoint: `http://127.0.0.1:${port}/auth`,
      params: { page: 'old' },
      paramsProvider: () => ({ page: 'new' }),
      headers: { 'X-Tenant-ID': '1', 'Content-Type': 'application/json' },
      headersProvider: () => ({ 'X-Tenant-ID': '2' }),
    },
  });
  pusher.subscribe('private-a');
});
JS

expect 'authorization request of a page with both' \
  '{"body":"socket_id=1.1&channel_name=private-a&page=old&page=new","tenant":"1, 2","type":"application/x-www-form-urlencoded, application/json"}' \
  "$(node params.cjs)"
