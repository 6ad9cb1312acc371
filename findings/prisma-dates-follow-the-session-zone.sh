#!/usr/bin/env bash
# @prisma/adapter-pg 7.10.0 sends a JavaScript Date to PostgreSQL as UTC text without a zone. PostgreSQL reads such a text in
# the session's time zone. In a `timestamptz` column of a server west of Greenwich, an expiry that was one hour ago is four hours ahead:
# `expires_at > now()` is true for an expired row. pg itself sends the offset with the same Date.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages @prisma/adapter-pg@7.10.0 pg@8.23.1
start_postgres -c timezone=America/New_York

cat >ask.cjs <<'JS'
const { Client } = require('pg');
const { PrismaPg } = require('@prisma/adapter-pg');
const connectionString = `postgres://postgres@127.0.0.1:${process.argv[2]}/postgres`;
const hourAgo = new Date(Date.now() - 3_600_000);
const sql = 'SELECT ($1::timestamptz > now())::text AS alive';
(async () => {
  const adapter = await new PrismaPg({ connectionString }).connect();
  const argTypes = [{ scalarType: 'datetime', arity: 'scalar' }];
  // Prisma Client hands a Date to its adapter as ISO 8601 text with this type.
  const { rows } = await adapter.queryRaw({ sql, args: [hourAgo.toISOString()], argTypes });
  const client = new Client({ connectionString });
  await client.connect();
  const plain = await client.query(sql, [hourAgo]);
  await client.end();
  console.log(`pg: ${plain.rows[0].alive}, adapter: ${rows[0][0]}`);
  await adapter.dispose();
})();
JS

expect 'is an expiry of an hour ago in the future?' 'pg: false, adapter: true' "$(node ask.cjs "$server")"
