#!/usr/bin/env bash
# PgBouncer 1.18.0 (Debian 12): after one failed login to the server, it tries no other for `server_login_retry`, 15 seconds by default. The first
# client of an outage waits in that time, and all others are refused, also if the server is back: an outage of PostgreSQL of two
# seconds is one of 15 for them. With `server_login_retry = 1` they are served after a second.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_postgres

query() { timeout 2 psql -X -A -t "postgres://postgres@127.0.0.1:$bouncer/postgres" -c 'SELECT 1' 2>&1 | head -n 1 || true; }
# Restarts PostgreSQL. Meanwhile one client waits for two seconds, and prints nothing; prints what the next client gets.
restart_postgres() {
  local bin
  bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
  kill -s INT "$(head -n 1 data/postmaster.pid)"
  while [ -e data/postmaster.pid ]; do sleep 0.1; done
  query
  query
  start "${as_postgres[@]}" "$bin/postgres" -D "$work/data" -p "$server" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= 2>>server.log
  until [ "$(sql postgres -c 'SELECT 1' 2>/dev/null)" = 1 ]; do sleep 0.1; done
}
# Prints how many seconds after the server is back a new client is served.
served_after() {
  local start=$SECONDS
  while [ "$(query)" != 1 ]; do sleep 0.2; done
  if [ $((SECONDS - start)) -ge 6 ]; then echo 'more than 6 s'; else echo 'less than 6 s'; fi
}

/usr/sbin/pgbouncer --version | head -n 1
start_pgbouncer
query >/dev/null
restart_postgres >refused
expect 'a client while the server is down' 'FATAL:  server login has been failing, try again later (server_login_retry)' "$(cat refused)"
expect 'a client is served, after the server is back' 'more than 6 s' "$(served_after)"
start_pgbouncer 'server_login_retry = 1'
query >/dev/null
restart_postgres >refused
expect 'with server_login_retry = 1' 'less than 6 s' "$(served_after)"
