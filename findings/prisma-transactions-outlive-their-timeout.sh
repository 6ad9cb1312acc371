#!/usr/bin/env bash
# Prisma 7.10.0 with @prisma/adapter-pg: the `timeout` of an interactive transaction does not end a query that is running. The call returns when
# the query does, here after three seconds in place of one, and then fails. Beside a server that never answers it never returns. The
# connection of the pool is busy until then.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
prisma_client 'model account {
  id Int @id
}'
start_postgres

cat >transaction.cjs <<'JS'
const { PrismaPg } = require('@prisma/adapter-pg');
const { PrismaClient } = require('./client');
(async () => {
  const connectionString = `postgres://postgres@127.0.0.1:${process.argv[2]}/postgres`;
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) });
  const start = Date.now();
  const sleep = (tx) => tx.$executeRaw`SELECT pg_sleep(3)`;
  const outcome = await prisma.$transaction(sleep, { timeout: 1000 }).then(() => 'ok', (error) => error.code);
  console.log(`${outcome}, ${Date.now() - start < 3000 ? 'before' : 'after'} the end of the query`);
  await prisma.$disconnect();
})();
JS

node transaction.cjs "$server" >result
expect 'a transaction with a timeout of 1 s, and a query of 3 s' 'P2028, after the end of the query' "$(cat result)"
