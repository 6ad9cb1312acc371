#!/usr/bin/env bash
# PgBouncer 1.18 (Debian 12), session pooling: the process ID that a client gets at connect time (`processID` of pg 8.23.1) is
# made up by PgBouncer, such as -46885409. `pg_backend_pid()` on the same connection returns the real one. So an application
# cannot find its sessions in `pg_stat_activity` by the first, and `pg_cancel_backend` with it cancels nothing.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pg@8.23.1
start_postgres
start_pgbouncer

cat >cancel.cjs <<'JS'
const { Client } = require('pg');
const [port, server] = process.argv.slice(2).map(Number);
const login = { host: '127.0.0.1', user: 'postgres', database: 'postgres' };
(async () => {
  const client = new Client({ ...login, port });
  const administrator = new Client({ ...login, port: server });
  await Promise.all([client.connect(), administrator.connect()]);
  const { rows: [real] } = await client.query('SELECT pg_backend_pid() AS id');
  const { rows: [canceled] } = await administrator.query('SELECT pg_cancel_backend($1) AS sent', [client.processID]);
  console.log(`same ID: ${client.processID === real.id}, cancel sent: ${canceled.sent}`);
  await Promise.all([client.end(), administrator.end()]);
})();
JS

/usr/sbin/pgbouncer --version | head -n 1
expect 'directly at PostgreSQL' 'same ID: true, cancel sent: true' "$(node cancel.cjs "$server" "$server")"
expect 'through PgBouncer' 'same ID: false, cancel sent: false' "$(node cancel.cjs "$bouncer" "$server")"
