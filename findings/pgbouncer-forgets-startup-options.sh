#!/usr/bin/env bash
# PgBouncer 1.18 (Debian 12), session pooling, with `ignore_startup_parameters = options`, the setting that its own error message
# suggests: PgBouncer silently drops the client's `options` (such as a time zone, a statement time-out or a role), although
# every session has its own server connection. The connection succeeds, with other settings than requested.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pg@8.23.1
start_postgres

cat >ask.cjs <<'JS'
const { Client } = require('pg');
const client = new Client({
  host: '127.0.0.1', port: Number(process.argv[2]), user: 'postgres', database: 'postgres', options: '-c statement_timeout=3s',
});
client.connect()
  .then(() => client.query('SHOW statement_timeout'))
  .then(({ rows }) => console.log(rows[0].statement_timeout), (error) => console.log(error.message))
  .then(() => client.end());
JS

/usr/sbin/pgbouncer --version | head -n 1
expect 'statement_timeout, directly at PostgreSQL' 3s "$(node ask.cjs "$server")"
start_pgbouncer
expect 'through PgBouncer' 'unsupported startup parameter: options' "$(node ask.cjs "$bouncer")"
start_pgbouncer 'ignore_startup_parameters = options'
expect 'through PgBouncer with ignore_startup_parameters = options' 0 "$(node ask.cjs "$bouncer")"
