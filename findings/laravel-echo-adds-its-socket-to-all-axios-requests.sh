#!/usr/bin/env bash
# laravel-echo 2.5.0 with axios 1.21.1: if the page has a global `axios`, as the bootstrap.js of Laravel sets it, Echo adds `X-Socket-Id` to every request of
# it, also to other hosts. There the header requires a CORS preflight, which a host that does not list it refuses. An instance of
# `axios.create()` does not send it, so an event of Laravel with `toOthers()` comes back to the page that caused it.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minimal_pusher_server axios@1.21.1 laravel-echo@2.5.0
cat >page.mjs <<'JS'
import http from 'node:http';
import { once } from 'node:events';
import axios from 'axios';
import Echo from 'laravel-echo';
import page from './page.cjs';

const other = http.createServer(({ headers }, response) => response.end(JSON.stringify(headers['x-socket-id'] ?? 'none')));
await once(other.listen(0, '127.0.0.1'), 'listening');
const url = `http://127.0.0.1:${other.address().port}/`;
const { pusher } = await page.open(() => {});
globalThis.axios = axios;
console.log((await axios.get(url)).data);
new Echo({ broadcaster: 'pusher', client: pusher });
console.log((await axios.get(url)).data);
console.log((await axios.create().get(url)).data);
process.exit();
JS
node page.mjs >result
expect 'X-Socket-Id at another host, without Echo' none "$(sed -n 1p result)"
expect 'with Echo' 1.1 "$(sed -n 2p result)"
expect 'with Echo, from axios.create()' none "$(sed -n 3p result)"
