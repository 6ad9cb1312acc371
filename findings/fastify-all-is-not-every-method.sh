#!/usr/bin/env bash
# fastify 5.12.8 with Node.js 20.20.2: `all()` is not a route of all methods. Node.js parses 34 besides CONNECT; Fastify knows nine, and responds to the
# others, such as PROPFIND, with 404, as to a path that does not exist. A QUERY without a body and a content type, which it knows, gets 400.
# Proxies that ask before they forward, such as Envoy, keep the method of the client. `addHttpMethod()` adds a method before the route.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages fastify@5.12.8

cat >server.cjs <<'JS'
const { METHODS, request } = require('node:http');
const fastify = require('fastify');
const ask = (port, method) => new Promise((resolve, reject) => {
  request({ port, method, host: '127.0.0.1', path: '/check' }, (response) => {
    response.resume().on('end', () => resolve(response.statusCode));
  }).on('error', reject).end();
});
(async () => {
  for (const isAdded of [false, true]) {
    const server = fastify();
    if (isAdded) for (const method of METHODS) if (method !== 'CONNECT' && !server.supportedMethods.includes(method)) server.addHttpMethod(method);
    server.all('/check', async () => 'ok');
    await server.listen({ port: 0, host: '127.0.0.1' });
    const found = {};
    for (const method of METHODS) {
      if (method === 'CONNECT') continue;
      const status = await ask(server.server.address().port, method);
      (found[status] ??= []).push(method);
    }
    await server.close();
    console.log(Object.entries(found).map(([status, methods]) => `${status}: ${methods.length > 12 ? methods.length : methods.join(' ')}`).join('; '));
  }
})();
JS
node server.cjs >result
expect 'the responses of a route of all()' '200: DELETE GET HEAD OPTIONS PATCH POST PUT TRACE; 400: QUERY; 404: 25' "$(sed -n 1p result)"
expect 'with the other methods added' '200: 33; 400: QUERY' "$(sed -n 2p result)"
