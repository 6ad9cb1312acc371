#!/usr/bin/env bash
# postgres 3.4.9 (Postgres.js) and pg 8.23.1: Postgres.js stores a Date in a `timestamp` column in UTC, and reads the column in the zone of
# the process. Outside UTC, a time comes back shifted, although the row is found by the original one. pg stores and
# reads in the zone of the process, so its own times come back unchanged. In UTC both are right.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_postgres
npm_packages postgres@3.4.9 pg@8.23.1

cat >times.mjs <<'JS'
import pg from 'pg';
import postgres from 'postgres';

const url = process.argv[2];
const sql = postgres(url, { onnotice: () => {} });
const client = new pg.Client(url);
await client.connect();
const noon = new Date('2026-07-01T12:00:00Z');
await sql`DROP TABLE IF EXISTS visits`;
await sql`CREATE TABLE visits (writer text, at timestamp)`;
await sql`INSERT INTO visits VALUES ('postgres.js', ${noon})`;
await client.query("INSERT INTO visits VALUES ('pg', $1)", [noon]);
const hour = (rows) => rows[0].at.toISOString().slice(11, 13);
for (const writer of ['postgres.js', 'pg']) {
  const own = hour(await sql`SELECT at FROM visits WHERE writer = ${writer}`);
  const { rows } = await client.query('SELECT at FROM visits WHERE writer = $1', [writer]);
  console.log(`Postgres.js reads ${own}, pg reads ${hour(rows)}`);
}
const [{ count }] = await sql`SELECT count(*) FROM visits WHERE writer = 'postgres.js' AND at = ${noon}`;
console.log(`${count} row`);
process.exit();
JS

run() { TZ=$1 node times.mjs "postgres://postgres@127.0.0.1:$server/postgres" >result; }
run Europe/Berlin
expect 'Berlin: 12 h UTC, written by Postgres.js' 'Postgres.js reads 10, pg reads 10' "$(sed -n 1p result)"
expect 'found by Postgres.js with the original time' '1 row' "$(sed -n 3p result)"
expect 'Berlin: 12 h UTC, written by pg' 'Postgres.js reads 12, pg reads 12' "$(sed -n 2p result)"
run UTC
expect 'UTC: written by Postgres.js' 'Postgres.js reads 12, pg reads 12' "$(sed -n 1p result)"
expect 'UTC: written by pg' 'Postgres.js reads 12, pg reads 12' "$(sed -n 2p result)"
