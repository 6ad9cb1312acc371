#!/usr/bin/env bash
# Prisma 7.10.0 with @prisma/adapter-pg: the time `infinity` of PostgreSQL, which means "never", is an `Invalid Date`. Every comparison with it is
# false, so an access without an end is neither valid (`expires > now`) nor expired (`expires < now`), by how the condition is written. pg alone
# returns the number `Infinity`, with which both are right. In JSON both are null.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
prisma_client 'model access {
  id      Int      @id
  expires DateTime @db.Timestamptz(6)
}'
start_postgres

sql postgres -c "CREATE TABLE access (id int PRIMARY KEY, expires timestamptz NOT NULL); INSERT INTO access VALUES (1, 'infinity')"

cat >read.cjs <<'JS'
const { PrismaPg } = require('@prisma/adapter-pg');
const { Client } = require('pg');
const { PrismaClient } = require('./client');
const connectionString = `postgres://postgres@127.0.0.1:${process.argv[2]}/postgres`;
const show = (library, expires) => {
  const now = new Date();
  console.log(`${library}: ${expires}, valid: ${expires > now}, expired: ${expires < now}, JSON: ${JSON.stringify(expires)}`);
};
(async () => {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) });
  show('Prisma', (await prisma.access.findFirst()).expires);
  await prisma.$disconnect();
  const client = new Client({ connectionString });
  await client.connect();
  show('pg', (await client.query('SELECT expires FROM access')).rows[0].expires);
  await client.end();
})();
JS

node read.cjs "$server" >result
expect 'infinity' 'Prisma: Invalid Date, valid: false, expired: false, JSON: null' "$(sed -n 1p result)"
expect 'infinity' 'pg: Infinity, valid: true, expired: false, JSON: null' "$(sed -n 2p result)"
