#!/usr/bin/env bash
# PgBouncer 1.18 (Debian 12) with transaction pooling accepts LISTEN. The subscription belongs to the server session, and PgBouncer
# passes a notification to the client that has this session at that moment. So it reaches a client that never sent LISTEN, and the
# one that did never gets it and sees no error.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pg@8.23.1
start_postgres
start_pgbouncer pool_mode = transaction

cat >listen.cjs <<'JS'
const { setTimeout: pause } = require('node:timers/promises');
const { Client } = require('pg');
const [port, server] = process.argv.slice(2).map(Number);
const login = { host: '127.0.0.1', user: 'postgres', database: 'postgres' };
(async () => {
  const listener = new Client({ ...login, port });
  const other = new Client({ ...login, port });
  const sender = new Client({ ...login, port: server });
  const clients = [listener, other, sender];
  const received = [];
  listener.on('notification', () => received.push('the listener'));
  other.on('notification', () => received.push('the other client'));
  for (const client of clients) await client.connect();
  const { command } = await listener.query('LISTEN changes');
  await other.query('BEGIN');
  await sender.query('NOTIFY changes');
  await pause(1000);
  await other.query('COMMIT');
  await listener.query('SELECT');
  console.log(`${command} accepted, notified: ${received.join(', ')}`);
  for (const client of clients) await client.end();
})();
JS

/usr/sbin/pgbouncer --version | head -n 1
expect 'directly at PostgreSQL' 'LISTEN accepted, notified: the listener' "$(node listen.cjs "$server" "$server")"
expect 'through PgBouncer' 'LISTEN accepted, notified: the other client' "$(node listen.cjs "$bouncer" "$server")"
