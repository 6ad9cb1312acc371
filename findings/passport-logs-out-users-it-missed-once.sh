#!/usr/bin/env bash
# passport 0.7.0 with express-session 1.19.0: if `deserializeUser` finds no user once, for example on a replica that lags behind, passport removes the
# user from the stored session, with the status 200. The next request, which would find the user, is anonymous. An error in place of
# `false` keeps the login.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages express@5.3.0 express-session@1.19.0 passport@0.7.0

cat >host.cjs <<'JS'
const { once } = require('node:events');
const express = require('express');
const session = require('express-session');
const passport = require('passport');

let lookUp;
passport.serializeUser((user, done) => done(null, user.id));
passport.deserializeUser((id, done) => lookUp(id, done));
const found = (id, done) => done(null, { id });
const answers = { missing: (id, done) => done(null, false), failing: (id, done) => done(new Error('no database')) };
const host = express()
  .use(session({ secret: 'a secret of this script', resave: false, saveUninitialized: false }), passport.session())
  .post('/login', (request, response) => request.logIn({ id: '15' }, () => response.send('logged in')))
  .get('/me', (request, response) => response.send(request.user?.id ?? 'nobody'))
  .use((error, request, response, next) => response.status(500).send(error.message));

(async () => {
  const server = host.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  for (const answer of ['missing', 'failing']) {
    const login = await fetch(`${url}/login`, { method: 'POST' });
    const cookie = login.headers.getSetCookie()[0].split(';')[0];
    const me = async (next) => {
      lookUp = next;
      const response = await fetch(`${url}/me`, { headers: { cookie } });
      return `${response.status} ${await response.text()}`;
    };
    console.log([await me(found), await me(answers[answer]), await me(found)].join(', '));
  }
  process.exit();
})();
JS

node host.cjs >result
expect 'found, missing once, found again' '200 15, 200 nobody, 200 nobody' "$(sed -n 1p result)"
expect 'found, failing once, found again' '200 15, 500 no database, 200 15' "$(sed -n 2p result)"
