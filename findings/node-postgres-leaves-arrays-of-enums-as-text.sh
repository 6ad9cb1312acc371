#!/usr/bin/env bash
# pg 8.23.1 with PostgreSQL 15 (Debian 12): `text[]` is an array, but an array of an enum, a domain or `name` is the text `{admin,member}`, on
# which `includes('admin')` works by accident, and finds `admin` in `{superadmin}` as well. The elements of `numeric[]` are rounded
# numbers, although a `numeric` is an exact text. `int8[]` has texts.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pg@8.23.1
start_postgres

sql postgres -c "SHOW server_version; CREATE TYPE role AS ENUM ('superadmin', 'admin', 'member'); CREATE DOMAIN label AS text"
cat >read.cjs <<'JS'
const { Client } = require('pg');
(async () => {
  const client = new Client({ host: '127.0.0.1', port: Number(process.argv[2]), user: 'postgres', database: 'postgres' });
  await client.connect();
  for (const value of process.argv.slice(3)) {
    const { rows: [row] } = await client.query(`SELECT ${value} AS value`);
    console.log(JSON.stringify(row.value));
  }
  await client.end();
})();
JS

read_value() { node read.cjs "$server" "$1"; }
expect 'text[]' '["superadmin"]' "$(read_value "ARRAY['superadmin']")"
expect 'an array of an enum' '"{superadmin}"' "$(read_value "ARRAY['superadmin']::role[]")"
expect 'an array of a domain over text' '"{a}"' "$(read_value "ARRAY['a']::label[]")"
expect 'name[]' '"{a}"' "$(read_value "ARRAY['a']::name[]")"
expect 'numeric' '"9007199254740993"' "$(read_value '9007199254740993::numeric')"
expect 'numeric[]' '[9007199254740992]' "$(read_value 'ARRAY[9007199254740993::numeric]')"
expect 'int8[]' '["9007199254740993"]' "$(read_value 'ARRAY[9007199254740993]')"
