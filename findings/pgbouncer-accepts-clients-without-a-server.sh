#!/usr/bin/env bash
# PgBouncer 1.18.0 (Debian 12) with pg 8.23.1: a login succeeds at once even if all connections to the server are in use, so
# `connectionTimeoutMillis` of pg limits nothing. The first query waits, for `query_wait_timeout`, which is two minutes by default, and
# then the connection ends. Only `query_timeout` limits this wait in the client.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pg@8.23.1
start_postgres
start_pgbouncer 'default_pool_size = 1
query_wait_timeout = 4'

cat >wait.cjs <<'JS'
const { Client } = require('pg');
const [port, queryTimeout] = process.argv.slice(2).map(Number);
const open = async (options) => {
  const login = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' };
  const client = new Client({ ...login, connectionTimeoutMillis: 1000, ...options });
  client.on('error', () => {});
  await client.connect();
  return client;
};
(async () => {
  await (await open()).query('SELECT 1');
  const second = await open(queryTimeout > 0 ? { query_timeout: queryTimeout } : {});
  const start = Date.now();
  const result = await second.query('SELECT 1').then(() => 'done', ({ message }) => message);
  console.log(`connected; the query: ${result}, after ${Date.now() - start > 3000 ? 'more' : 'less'} than 3 s`);
  process.exit();
})();
JS

/usr/sbin/pgbouncer --version | head -n 1
expect 'a second client of a pool of one' 'connected; the query: query_wait_timeout, after more than 3 s' "$(node wait.cjs "$bouncer" 0)"
expect 'with query_timeout' 'connected; the query: Query read timeout, after less than 3 s' "$(node wait.cjs "$bouncer" 1000)"
