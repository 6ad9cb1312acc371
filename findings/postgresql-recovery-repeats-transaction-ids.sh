#!/usr/bin/env bash
# PostgreSQL 15 (Debian 12): after one backend was killed, the server recovers with the same `pg_postmaster_start_time()`. A
# transaction that committed with `synchronous_commit = off` just before may be lost, and then its ID (`pg_current_xact_id()`,
# 64 bits) is assigned again. So start time and transaction ID do not identify a transaction. Recovery resets the statistics:
# `stats_reset` in `pg_stat_bgwriter` changes.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# Without this delay the transaction is usually on disk before the backend is killed.
start_postgres -c wal_writer_delay=10s

started_at() { sql postgres -c 'SELECT pg_postmaster_start_time()'; }
reset_at() { sql postgres -c 'SELECT stats_reset FROM pg_stat_bgwriter' 2>/dev/null || echo "$reset"; }

sql postgres -c 'SHOW server_version'
start_time=$(started_at)
reset=$(reset_at)
# The session commits, counts the rows, and kills its own backend.
committed=$(sql postgres <<'SQL'
CREATE TABLE notes (id xid8);
CHECKPOINT;
SET synchronous_commit = off;
SELECT pg_backend_pid() AS pid \gset
\setenv BACKEND :pid
INSERT INTO notes VALUES (pg_current_xact_id()) RETURNING id;
SELECT count(*) FROM notes;
\! kill -9 "$BACKEND"
SQL
)
while [ "$(reset_at)" = "$reset" ]; do sleep 0.2; done

lost=$(sed -n 1p <<<"$committed")
expect 'rows after the commit' 1 "$(sed -n 2p <<<"$committed")"
expect 'rows after the recovery' 0 "$(sql postgres -c 'SELECT count(*) FROM notes')"
expect 'start time of the server' "$start_time" "$(started_at)"
expect 'ID of the next transaction' "$lost" "$(sql postgres -c 'INSERT INTO notes VALUES (pg_current_xact_id()) RETURNING id')"
