#!/usr/bin/env bash
# Prisma 7.10.0 with @prisma/adapter-pg: models and raw SQL of one client read different schemas. The option `schema` of PrismaPg is
# for models only; `$queryRaw` uses the `search_path` of the session, and reads a table of the same name in `public`. `?schema=app` in
# the connection string, which Prisma documents for PostgreSQL, has no effect on either. `options=-c search_path=app` has for raw SQL.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
prisma_client 'model notes {
  id Int @id
}'
start_postgres

sql postgres <<'SQL'
CREATE TABLE notes (id int PRIMARY KEY);
CREATE SCHEMA app;
CREATE TABLE app.notes (id int PRIMARY KEY);
INSERT INTO app.notes VALUES (1);
SQL

cat >count.cjs <<'JS'
const { PrismaPg } = require('@prisma/adapter-pg');
const { PrismaClient } = require('./client');
const [port, parameters, options] = process.argv.slice(2);
const connectionString = `postgres://postgres@127.0.0.1:${port}/postgres${parameters}`;
(async () => {
  const client = new PrismaClient({ adapter: new PrismaPg({ connectionString }, JSON.parse(options)) });
  const [{ count }] = await client.$queryRaw`SELECT count(*)::int AS count FROM notes`;
  console.log(`model: ${await client.notes.count()}, raw: ${count}`);
  await client.$disconnect();
})();
JS

count() { node count.cjs "$server" "$@"; }
expect 'rows that are in app only: PrismaPg with { schema: "app" }' 'model: 1, raw: 0' "$(count '' '{ "schema": "app" }')"
expect '?schema=app' 'model: 0, raw: 0' "$(count '?schema=app' '{}')"
expect '?options=-c search_path=app' 'model: 0, raw: 1' "$(count '?options=-c%20search_path%3Dapp' '{}')"
expect '{ schema: "app" } and ?options=-c search_path=app' 'model: 1, raw: 1' \
  "$(count '?options=-c%20search_path%3Dapp' '{ "schema": "app" }')"
