#!/usr/bin/env bash
# PgBouncer 1.18 (Debian 12), session pooling, with `ignore_startup_parameters = options`, the setting that its own error message
# suggests: PgBouncer silently drops the client's `options` (such as a time zone, a statement time-out or a role), although
# every session has its own server connection. The connection succeeds, with other settings than requested.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages pgbouncer postgresql
npm_packages pg@8.23.1

bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
chown postgres "$work"
as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
server=$(free_port)
"${as_postgres[@]}" "$bin/initdb" --auth trust -D "$work/data" >/dev/null
start "${as_postgres[@]}" "$bin/postgres" -D "$work/data" -p "$server" -c listen_addresses=127.0.0.1 -c unix_socket_directories= 2>server.log
until_listening "$server"

bounce() {
  bouncer=$(free_port)
  cat >pgbouncer.ini <<INI
[databases]
postgres = host=127.0.0.1 port=$server user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $bouncer
unix_socket_dir =
auth_type = any
pool_mode = session
logfile = $work/bouncer.log
$1
INI
  start "${as_postgres[@]}" /usr/sbin/pgbouncer -q "$work/pgbouncer.ini"
  until_listening "$bouncer"
}

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
bounce ''
expect 'through PgBouncer' 'unsupported startup parameter: options' "$(node ask.cjs "$bouncer")"
bounce 'ignore_startup_parameters = options'
expect 'through PgBouncer with ignore_startup_parameters = options' 0 "$(node ask.cjs "$bouncer")"
