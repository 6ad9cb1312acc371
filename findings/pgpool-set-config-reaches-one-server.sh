#!/usr/bin/env bash
# Pgpool-II 4.3.5 (Debian 12) with its default load balancing: `SELECT set_config(…)` counts as a write, so it runs at the primary. The next
# SELECT of the same client, outside a transaction, runs in a session at the standby, which does not have the setting. `SET` reaches
# both, but two `SET` in one query only the primary. Settings of row-level security, such as the tenant, are often set with
# `set_config`, because it takes parameters.
# Here one PostgreSQL server is both the primary and the standby of Pgpool-II: the client has two sessions there.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pg@8.23.1
start_postgres
start_pgpool

cat >ask.cjs <<'JS'
const { Client } = require('pg');
const [port, ...statements] = process.argv.slice(2);
(async () => {
  const client = new Client({ host: '127.0.0.1', port: Number(port), user: 'postgres', database: 'postgres' });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  const { rows } = await client.query(`SELECT current_setting('app.tenant', true) AS tenant`);
  console.log(rows[0].tenant || 'none');
  await client.end();
})();
JS

pgpool --version 2>&1
set_config="SELECT set_config('app.tenant', '15', false)"
expect 'the tenant after set_config, directly at PostgreSQL' 15 "$(node ask.cjs "$server" "$set_config")"
expect 'through Pgpool-II' none "$(node ask.cjs "$pool" "$set_config")"
expect 'in a transaction' 15 "$(node ask.cjs "$pool" BEGIN "$set_config")"
expect 'after SET' 15 "$(node ask.cjs "$pool" "SET app.tenant = '15'")"
expect 'after two SET in one query' none "$(node ask.cjs "$pool" "SET app.locale = '1'; SET app.tenant = '15'")"
