#!/usr/bin/env bash
# Prisma 7.10.0 with @prisma/adapter-pg: `{ equals: 'a_b', mode: 'insensitive' }` is an ILIKE without escapes, so the row `axb` is equal to `a_b`.
# `{ in: ['a_b'], mode: 'insensitive' }` compares the text. `contains: '_'` and `startsWith: 'a_'` take the underscore for any character, too.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
prisma_client 'model notes {
  name String @id
}'
start_postgres

sql postgres -c "CREATE TABLE notes (name text PRIMARY KEY); INSERT INTO notes VALUES ('a_b'), ('A_B'), ('axb'), ('other')"

cat >find.cjs <<'JS'
const { PrismaPg } = require('@prisma/adapter-pg');
const { PrismaClient } = require('./client');
const [port, condition] = process.argv.slice(2);
(async () => {
  const connectionString = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const client = new PrismaClient({ adapter: new PrismaPg({ connectionString }) });
  const rows = await client.notes.findMany({ where: { name: JSON.parse(condition) } });
  console.log(rows.map(({ name }) => name).sort().join(' '));
  await client.$disconnect();
})();
JS

find_notes() { node find.cjs "$server" "$1"; }
expect "equals 'a_b'" 'a_b' "$(find_notes '{ "equals": "a_b" }')"
expect "equals 'a_b', insensitive" 'A_B a_b axb' "$(find_notes '{ "equals": "a_b", "mode": "insensitive" }')"
expect "in ['a_b'], insensitive" 'A_B a_b' "$(find_notes '{ "in": ["a_b"], "mode": "insensitive" }')"
expect "startsWith 'a_'" 'a_b axb' "$(find_notes '{ "startsWith": "a_" }')"
expect "contains '_'" 'A_B a_b axb other' "$(find_notes '{ "contains": "_" }')"
