#!/usr/bin/env bash
# Prisma 7.10.0 with @prisma/adapter-pg: `upsert()` with `update: {}`, the usual form of "create it if it is missing", is a SELECT and an INSERT, so a
# row that another transaction inserts meanwhile is a unique constraint error (P2002). With any field in `update` the same upsert is one
# INSERT … ON CONFLICT, and waits for the other transaction.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
prisma_client 'model member {
  id   Int    @id
  name String
}'
start_postgres

sql postgres -c 'CREATE TABLE member (id int PRIMARY KEY, name text NOT NULL)'

cat >upsert.cjs <<'JS'
const { PrismaPg } = require('@prisma/adapter-pg');
const { Client } = require('pg');
const { PrismaClient } = require('./client');
const connectionString = `postgres://postgres@127.0.0.1:${process.argv[2]}/postgres`;
(async () => {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) });
  const [other, observer] = [new Client({ connectionString }), new Client({ connectionString })];
  await Promise.all([other.connect(), observer.connect()]);
  const untilWaiting = async () => {
    const { rows } = await observer.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    if (rows.length === 0) await untilWaiting();
  };
  for (const [id, update] of [[1, {}], [2, { name: 'Ann' }]]) {
    await other.query('BEGIN');
    await other.query('INSERT INTO member VALUES ($1, $2)', [id, 'Ann']);
    const upsert = prisma.member.upsert({ where: { id }, create: { id, name: 'Ann' }, update });
    const outcome = upsert.then((row) => JSON.stringify(row), (error) => error.code);
    await untilWaiting();
    await other.query('COMMIT');
    console.log(await outcome);
  }
  await Promise.all([prisma.$disconnect(), other.end(), observer.end()]);
})();
JS

node upsert.cjs "$server" >result
expect 'without changes' 'P2002' "$(sed -n 1p result)"
expect 'with a change' '{"id":2,"name":"Ann"}' "$(sed -n 2p result)"
