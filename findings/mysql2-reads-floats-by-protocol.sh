#!/usr/bin/env bash
# mysql2 3.24.6 with MariaDB 10.11 (Debian 12): `query()` and `execute()` read different numbers from the same FLOAT. 0.1 is 0.1 with
# the first, which gets a text of the server, and 0.10000000149011612 with the second, which gets four bytes. The server compares like
# the second: `WHERE price = 0.1` does not find the row that `query()` shows. With pg, a `real` of PostgreSQL is 0.1 in both ways.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages mysql2@3.24.6 pg@8.23.1
start_mariadb
start_postgres

cat >read.cjs <<'JS'
const mysql = require('mysql2/promise');
const { Client } = require('pg');
const [mariadb, server] = process.argv.slice(2).map(Number);
(async () => {
  const connection = await mysql.createConnection({ host: '127.0.0.1', port: mariadb, user: 'root', database: 'test' });
  const [[text]] = await connection.query('SELECT price FROM prices');
  const [[binary]] = await connection.execute('SELECT price FROM prices');
  const [found] = await connection.query('SELECT price FROM prices WHERE price = 0.1');
  await connection.end();
  const client = new Client({ host: '127.0.0.1', port: server, user: 'postgres', database: 'postgres' });
  await client.connect();
  const { rows: [simple] } = await client.query('SELECT 0.1::real AS price');
  const { rows: [prepared] } = await client.query({ name: 'read', text: 'SELECT $1::real AS price', values: [0.1] });
  await client.end();
  console.log(`query ${text.price}, execute ${binary.price}, found ${found.length}; pg ${simple.price}, prepared ${prepared.price}`);
})();
JS

mariadb_sql 'SELECT VERSION(); CREATE DATABASE test; CREATE TABLE test.prices (price FLOAT); INSERT INTO test.prices VALUES (0.1)'
expect 'a FLOAT of 0.1' 'query 0.1, execute 0.10000000149011612, found 0; pg 0.1, prepared 0.1' "$(node read.cjs "$mariadb" "$server")"
