#!/usr/bin/env bash
# Hono 4.13.19: `csrf()` refuses a form without `Origin` and `Sec-Fetch-Site`, as backends, native apps and Node.js send
# it. Behind a proxy that ends TLS it also refuses forms of its own pages from a browser that sends no `Sec-Fetch-Site`:
# @hono/node-server takes `http` for the scheme of the request, and `Origin` has `https`. The authorization requests of pusher-js
# are forms.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages hono@4.13.19 @hono/node-server@2.1.9

cat >application.mjs <<'JS'
import http from 'node:http';
import { once } from 'node:events';
import { Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { createAdaptorServer } from '@hono/node-server';

const application = new Hono();
application.use(csrf());
application.post('/auth', (context) => context.json({ auth: 'key:signature' }));
const server = createAdaptorServer({ fetch: application.fetch });
await once(server.listen(0, '127.0.0.1'), 'listening');
const { port } = server.address();

const type = 'application/x-www-form-urlencoded';
const post = async (headers) => {
  const request = http.request({
    port, host: '127.0.0.1', path: '/auth', method: 'POST', headers: { host: 'app.example', 'content-type': type, ...headers },
  });
  request.end('socket_id=1.1&channel_name=private-a');
  const [response] = await once(request, 'response');
  response.resume();
  return response.statusCode;
};
const page = { origin: 'https://app.example', 'x-forwarded-proto': 'https' };
console.log(await post({}), await post({ origin: 'http://app.example' }));
console.log(await post(page), await post({ ...page, 'sec-fetch-site': 'same-origin' }));
process.exit();
JS
node application.mjs >result
expect 'a form of a backend, and of a page without TLS' '403 200' "$(sed -n 1p result)"
expect 'a form of a page behind TLS, and with Sec-Fetch-Site' '403 200' "$(sed -n 2p result)"
