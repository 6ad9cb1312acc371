#!/usr/bin/env bash
# PostgreSQL 15 (Debian 12) does not use a GIN index on `text[]` for a role that is subject to row-level security, because the
# operators `&&` and `@>` are not leakproof. EXPLAIN as a superuser shows the index; the application's role scans the whole
# table. `=` of `text` is leakproof, so a B-tree index serves both roles.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_postgres

sql postgres <<'SQL'
CREATE TABLE notes (tenant text, owner text, tags text[]);
INSERT INTO notes SELECT 't' || i % 2, 'o' || i, ARRAY['tag' || i] FROM generate_series(1, 20000) AS i;
CREATE INDEX ON notes USING gin (tags);
CREATE INDEX ON notes (owner);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (tenant = current_setting('app.tenant'));
CREATE ROLE app LOGIN;
GRANT SELECT ON notes TO app;
ANALYZE notes;
SQL

# Prints how the plan for this role and condition reads the table.
scan() {
  sql "$1" -c "SET app.tenant = 't0'" -c "EXPLAIN (COSTS off) SELECT FROM notes WHERE tenant = 't0' AND $2" >plan
  if grep -q 'Index Scan' plan; then echo index; else echo 'whole table'; fi
}

sql postgres -c 'SHOW server_version'
for condition in "tags && ARRAY['tag8']" "tags @> ARRAY['tag8']"; do
  expect "$condition, superuser" index "$(scan postgres "$condition")"
  expect "$condition, role under row-level security" 'whole table' "$(scan app "$condition")"
done
expect "owner = 'o8', role under row-level security" index "$(scan app "owner = 'o8'")"
