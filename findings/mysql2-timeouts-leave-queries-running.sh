#!/usr/bin/env bash
# mysql2 3.24.6, mariadb 3.5.4, pg 8.23.1, with MariaDB 10.11 and PostgreSQL 15 (Debian 12): a query with a time-out of 0.5 seconds is three
# different things. mysql2 only stops waiting: the query goes on at the server, and the pool gives its busy connection to the next caller,
# who waits for the rest. mariadb has the server end the query. pg drops the connection; the next caller gets a new one, and the query goes on.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages mysql2@3.24.6 mariadb@3.5.4 pg@8.23.1
start_mariadb
start_postgres

cat >query.cjs <<'JS'
const mariadb = require('mariadb');
const mysql = require('mysql2/promise');
const { Pool } = require('pg');
const [driver, mariadbPort, server] = process.argv.slice(2);
const at = { host: '127.0.0.1', port: Number(mariadbPort), user: 'root', connectionLimit: 1 };
const running = 'SELECT id FROM information_schema.processlist WHERE info LIKE "%SLEEP(6)%" AND info NOT LIKE "%processlist%"';
const drivers = {
  mysql2: () => {
    const [pool, other] = [mysql.createPool(at), mysql.createPool(at)];
    return {
      slow: () => pool.query({ sql: 'SELECT SLEEP(6)', timeout: 500 }),
      next: () => pool.query('SELECT 1'),
      running: async () => (await other.query(running))[0].length,
    };
  },
  mariadb: () => {
    const [pool, other] = [mariadb.createPool(at), mariadb.createPool(at)];
    return {
      slow: () => pool.query({ sql: 'SELECT SLEEP(6)', timeout: 500 }),
      next: () => pool.query('SELECT 1'),
      running: async () => (await other.query(running)).length,
    };
  },
  pg: () => {
    const login = { host: '127.0.0.1', port: Number(server), user: 'postgres', database: 'postgres', max: 1 };
    const [pool, other] = [new Pool({ ...login, query_timeout: 500 }), new Pool(login)];
    return {
      slow: () => pool.query('SELECT pg_sleep(6)'),
      next: () => pool.query('SELECT 1'),
      running: async () => (await other.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%sleep(6)' AND state = 'active'")).rowCount,
    };
  },
};
(async () => {
  const { slow, next, running } = drivers[driver]();
  await slow().then(() => { throw new Error('no time-out'); }, () => {});
  const left = await running();
  const start = Date.now();
  await next();
  const waited = Date.now() - start > 2000 ? 'waits for it' : 'does not wait';
  console.log(`${left} running, the next query ${waited}`);
  process.exit();
})();
JS

query() { node query.cjs "$1" "$mariadb" "$server"; }
expect 'mysql2, after the time-out' '1 running, the next query waits for it' "$(query mysql2)"
expect 'mariadb' '0 running, the next query does not wait' "$(query mariadb)"
expect 'pg' '1 running, the next query does not wait' "$(query pg)"
