#!/usr/bin/env bash
# express-session 1.19.0: each request with a session cookie extends the session in the store, also with `rolling: false` and `resave: false`, and the
# response has no cookie. So a backend that looks a session up by a request, again and again, keeps it valid in the store, while
# the cookie in the browser ends at its first time.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages express-session@1.19.0 express@5.3.0
cat >application.mjs <<'JS'
import { once } from 'node:events';
import express from 'express';
import session from 'express-session';

const store = new session.MemoryStore();
const application = express();
application.use(session({
  secret: 'secret', store, rolling: false, resave: false, saveUninitialized: false, cookie: { maxAge: 60_000 },
}));
application.get('/login', (request, response) => {
  request.session.user = 15;
  response.end();
});
application.get('/me', (request, response) => response.json(request.session.user));
const server = application.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;
const expiry = () => Date.parse(JSON.parse(Object.values(store.sessions)[0]).cookie.expires);

const [cookie] = (await fetch(`${url}/login`)).headers.getSetCookie();
const first = expiry();
await new Promise((resolve) => setTimeout(resolve, 1100));
const response = await fetch(`${url}/me`, { headers: { cookie: cookie.split(';')[0] } });
console.log(await response.text());
console.log(response.headers.getSetCookie().length);
console.log(expiry() - first >= 1000 ? 'extended' : 'unchanged');
process.exit();
JS
node application.mjs >result
expect 'the user of the session' 15 "$(sed -n 1p result)"
expect 'cookies in the response' 0 "$(sed -n 2p result)"
expect 'the end of the session in the store' extended "$(sed -n 3p result)"
