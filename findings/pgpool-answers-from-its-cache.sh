#!/usr/bin/env bash
# Pgpool-II 4.3.5 (Debian 12) with `memory_cache_enabled = on`: a row that another program changes at PostgreSQL itself keeps its old value
# for clients of Pgpool-II, also on new connections and in prepared statements, until a client of Pgpool-II writes to the table:
# `memqcache_expire` is 0 by default. A query that calls a function such as `now()` is not cached.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pg@8.23.1
start_postgres
start_pgpool 'memory_cache_enabled = on'

cat >ask.cjs <<'JS'
const { Client } = require('pg');
const [port, text, ...values] = process.argv.slice(2);
(async () => {
  const client = new Client({ host: '127.0.0.1', port: Number(port), user: 'postgres', database: 'postgres' });
  await client.connect();
  const { rows } = await client.query({ text, values, rowMode: 'array', name: 'find' });
  console.log(rows.join());
  await client.end();
})();
JS
sql postgres -c 'CREATE TABLE members (id text, role text)' -c "INSERT INTO members VALUES ('15', 'admin')"
role() { node ask.cjs "$1" "SELECT role FROM members WHERE id = \$1$2" 15; }

pgpool --version 2>&1
expect 'the role' admin "$(role "$pool" '')"
sql postgres -c "UPDATE members SET role = 'guest'"
expect 'after a change, at PostgreSQL' guest "$(role "$server" '')"
expect 'after a change, through Pgpool-II' admin "$(role "$pool" '')"
expect 'in a query with now()' guest "$(role "$pool" ' AND now() IS NOT NULL')"
node ask.cjs "$pool" "UPDATE members SET role = 'guest' WHERE id = \$1" 99 >/dev/null
expect 'after a write of a client of Pgpool-II that changed nothing' guest "$(role "$pool" '')"
