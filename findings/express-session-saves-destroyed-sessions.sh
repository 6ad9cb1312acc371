#!/usr/bin/env bash
# express-session 1.19.0, with its own store and with connect-redis 9.0.0: a request that began before a logout, and that changes its
# session, stores the session again when it ends. The visitor is logged in again with the same cookie. With `resave: true`, the
# default, each request does so, also one that changes nothing.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages express-session@1.19.0 express@5.3.0 connect-redis@9.0.0 redis@6.3.1
debian_packages redis-server
redis=$(free_port)
start redis-server --port "$redis" --bind 127.0.0.1 --save '' --dir "$work" >redis.log
until_listening "$redis"

cat >application.mjs <<'JS'
import { EventEmitter, once } from 'node:events';
import express from 'express';
import session from 'express-session';
import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';

const client = await createClient({ url: `redis://127.0.0.1:${process.argv[2]}` }).connect();
const stores = { memory: () => new session.MemoryStore(), redis: () => new RedisStore({ client }) };
const [, , , name, resave, path] = process.argv;

const events = new EventEmitter();
const application = express();
application.use(session({ secret: 'secret', store: stores[name](), resave: resave === 'true', saveUninitialized: false }));
application.get('/login', (request, response) => {
  request.session.user = 15;
  response.end();
});
application.get('/logout', (request, response) => request.session.destroy(() => response.end()));
application.get('/me', (request, response) => response.end(request.session.user === 15 ? 'logged in' : 'logged out'));
const endLater = (response) => {
  events.once('end', () => response.end());
  events.emit('begun');
};
application.get('/reads', (request, response) => endLater(response));
application.get('/writes', (request, response) => {
  request.session.seen = Date.now();
  endLater(response);
});
const server = application.listen(0, '127.0.0.1');
await once(server, 'listening');

const url = `http://127.0.0.1:${server.address().port}`;
const cookie = (await fetch(`${url}/login`)).headers.getSetCookie()[0].split(';')[0];
const request = async (at) => (await fetch(url + at, { headers: { cookie } })).text();
const begun = once(events, 'begun');
const open = request(path);
await begun;
await request('/logout');
const before = await request('/me');
events.emit('end');
await open;
console.log(`${before}, then ${await request('/me')}`);
process.exit();
JS
after() { node application.mjs "$redis" "$@"; }
expect 'resave: false, a request that reads, in Redis' 'logged out, then logged out' "$(after redis false /reads)"
expect 'resave: false, a request that writes, in Redis' 'logged out, then logged in' "$(after redis false /writes)"
expect 'resave: false, a request that writes, in memory' 'logged out, then logged in' "$(after memory false /writes)"
expect 'resave: true, a request that reads, in Redis' 'logged out, then logged in' "$(after redis true /reads)"
