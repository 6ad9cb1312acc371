#!/usr/bin/env bash
# Prisma 7.10.0 with adapter-pg: the error P2002 of a duplicate has no `meta.target`, so a program cannot read the fields from there. It has the name
# of the index, deep in `driverAdapterError`. The same duplicate in `$executeRaw` is P2010, the code of every failed raw query.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_postgres
prisma_client '
model Booking {
  id    Int    @id
  hotel Int
  code  String
  @@unique([hotel, code])
  @@map("bookings")
}'
sql postgres -c 'CREATE TABLE bookings (id int PRIMARY KEY, hotel int, code text, CONSTRAINT one_code UNIQUE (hotel, code))'
cat >duplicates.cjs <<'JS'
const { PrismaClient } = require('./client');
const { PrismaPg } = require('@prisma/adapter-pg');

const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.argv[2] }) });
const show = ({ code, meta }) => {
  const { constraint, kind } = meta.driverAdapterError.cause;
  console.log(code, meta.target ?? 'none', JSON.stringify(constraint), kind);
};
(async () => {
  const booking = { id: 1, hotel: 7, code: 'a' };
  await prisma.booking.create({ data: booking });
  await prisma.booking.create({ data: { ...booking, id: 2 } }).catch(show);
  await prisma.$executeRaw`INSERT INTO bookings VALUES (2, 7, 'a')`.catch(show);
  process.exit();
})();
JS
node duplicates.cjs "postgres://postgres@127.0.0.1:$server/postgres" >result
expect 'create(): code, target, constraint, kind' 'P2002 none {"index":"one_code"} UniqueConstraintViolation' "$(sed -n 1p result)"
expect '$executeRaw: the same' 'P2010 none {"index":"one_code"} UniqueConstraintViolation' "$(sed -n 2p result)"
