#!/usr/bin/env bash
# Prisma 7.10.0 with @prisma/adapter-pg: PostgreSQL's `now()` has microseconds, and the `Date` that Prisma returns has milliseconds. So a row is
# not found by the time that was read from it, and it is later than that time: `{ at: { gt: last.at } }`, the condition of the next
# page, returns the last row again, without end. With `timestamptz(3)` the server rounds when it stores, and both work.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
prisma_client 'model notes6 {
  id Int      @id
  at DateTime @db.Timestamptz(6)
}
model notes3 {
  id Int      @id
  at DateTime @db.Timestamptz(3)
}'
start_postgres

for precision in 6 3; do
  sql postgres -c "CREATE TABLE notes$precision (id int PRIMARY KEY, at timestamptz($precision) NOT NULL);
    INSERT INTO notes$precision VALUES (1, '2026-01-01 00:00:00.123456Z')"
done

cat >find.cjs <<'JS'
const { PrismaPg } = require('@prisma/adapter-pg');
const { PrismaClient } = require('./client');
const [port, model] = process.argv.slice(2);
(async () => {
  const connectionString = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const client = new PrismaClient({ adapter: new PrismaPg({ connectionString }) });
  const { at } = await client[model].findFirst();
  const same = await client[model].count({ where: { at } });
  const later = await client[model].count({ where: { at: { gt: at } } });
  console.log(`equal: ${same}, later: ${later}`);
  await client.$disconnect();
})();
JS

expect 'rows by the time of the only row, timestamptz' 'equal: 0, later: 1' "$(node find.cjs "$server" notes6)"
expect 'timestamptz(3)' 'equal: 1, later: 0' "$(node find.cjs "$server" notes3)"
