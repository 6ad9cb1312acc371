#!/usr/bin/env bash
# Prisma 7.10.0 with @prisma/adapter-pg: a `timetz` of 12:00+02, which is 10:00 UTC, is read as 12:00 UTC. Written back unchanged it is
# another time, and a filter by the right time or by the value that was read finds no row. A `timestamptz` of the same moment is right.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
prisma_client 'model shift {
  id     Int      @id
  starts DateTime @db.Timetz(6)
  first  DateTime @db.Timestamptz(6)
}'
start_postgres

sql postgres -c "CREATE TABLE shift (id int PRIMARY KEY, starts timetz NOT NULL, first timestamptz NOT NULL);
  INSERT INTO shift VALUES (1, '12:00+02', '1970-01-01 12:00+02')"

cat >read.cjs <<'JS'
const { PrismaPg } = require('@prisma/adapter-pg');
const { PrismaClient } = require('./client');
(async () => {
  const connectionString = `postgres://postgres@127.0.0.1:${process.argv[2]}/postgres`;
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) });
  const { id, starts, first } = await prisma.shift.findFirst();
  console.log(`timetz ${starts.toISOString()}, timestamptz ${first.toISOString()}`);
  console.log(`${await prisma.shift.count({ where: { starts } })}, ${await prisma.shift.count({ where: { starts: first } })}`);
  await prisma.shift.update({ where: { id }, data: { starts } });
  await prisma.$disconnect();
})();
JS

node read.cjs "$server" >result
expect 'read' 'timetz 1970-01-01T12:00:00.000Z, timestamptz 1970-01-01T10:00:00.000Z' "$(sed -n 1p result)"
expect 'rows found by the value read, and by the right one' '0, 0' "$(sed -n 2p result)"
expect 'after writing the value read' '12:00:00+00' "$(sql postgres -c 'SELECT starts FROM shift')"
