#!/usr/bin/env bash
# connect-pg-simple 10.0.0: its table has the end of a session as `timestamp` without a zone. The store writes it with `to_timestamp()`, so
# PostgreSQL converts it to the zone of the connection, which is that of the server, the login or the database. `expire > now()` on a
# connection in another zone, for example UTC, finds a valid session ended, or an ended one valid, by the difference of both.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages connect-pg-simple@10.0.0 express-session@1.19.0 pg@8.23.1
start_postgres
sql postgres -f node_modules/connect-pg-simple/table.sql 2>/dev/null

cat >store.cjs <<'JS'
const session = require('express-session');
const pg = require('pg');
const Store = require('connect-pg-simple')(session);
const hour = 3_600_000;
const pool = new pg.Pool({ connectionString: process.argv[2], options: '-c TimeZone=America/New_York' });
const store = new Store({ pool, pruneSessionInterval: false });
const put = (id, lifetime) =>
  new Promise((resolve, reject) => {
    const cookie = { expires: new Date(Date.now() + lifetime), originalMaxAge: lifetime };
    store.set(id, { cookie, user: 15 }, (error) => (error ? reject(error) : resolve()));
  });
put('valid for an hour', hour).then(() => pool.end());
JS
node store.cjs "postgres://postgres@127.0.0.1:$server/postgres"

is_valid="SELECT CASE WHEN expire > now() THEN 'valid' ELSE 'ended' END FROM session"
in_zone() { sql postgres -c "SET TimeZone = '$1'" -c "$is_valid"; }
expect 'a session of an hour, read in the zone of the store' valid "$(in_zone America/New_York)"
expect 'in UTC, which is ahead of it' ended "$(in_zone UTC)"
sql postgres -c "UPDATE session SET expire = expire - interval '2 hours'"
expect 'an hour after its end, in the zone of the store' ended "$(in_zone America/New_York)"
expect 'in Honolulu, which is behind it' valid "$(in_zone Pacific/Honolulu)"
