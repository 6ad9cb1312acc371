#!/usr/bin/env bash
# MariaDB 10.11 (Debian 12): the type UUID orders random UUIDs (version 4) by their last group first, and those of version 7 as their
# text. A program that continues a list after the last text it saw, or merges sorted lists of two databases, loses rows, and a
# test with version 7 does not show it. PostgreSQL 15 orders both as their text.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_mariadb
start_postgres

# Prints the last digits of three UUIDs of this version, in the order of the database.
order() {
  local texts="('00000001-0000-${2}000-8000-00000000000c'), ('00000002-0000-${2}000-8000-00000000000b'), ('00000003-0000-${2}000-8000-00000000000a')"
  case $1 in
    mariadb)
      mariadb_sql "CREATE OR REPLACE TABLE test.ids (id UUID); INSERT INTO test.ids VALUES $texts;
        SELECT RIGHT(id, 1) FROM test.ids ORDER BY id" ;;
    postgres) sql postgres -c "SELECT right(id, 1) FROM (SELECT id FROM (VALUES $texts) AS texts (id) ORDER BY id::uuid) AS ids" ;;
  esac | xargs
}

mariadb_sql 'CREATE DATABASE test; SELECT VERSION()'
expect 'c, b and a, version 7, PostgreSQL' 'c b a' "$(order postgres 7)"
expect 'the same, MariaDB' 'c b a' "$(order mariadb 7)"
expect 'version 4, PostgreSQL' 'c b a' "$(order postgres 4)"
expect 'the same, MariaDB' 'a b c' "$(order mariadb 4)"
