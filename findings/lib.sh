# Shared functions of the scripts in this folder. Source it first: it changes to an empty directory, and removes that at the end.
set -euo pipefail

work=$(mktemp -d)
started=()

# Stops the last program first, because servers wait for their clients. Kills a program that is still running after five seconds.
finish() {
  local i
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    kill "${started[i]}" 2>/dev/null || continue
    for _ in $(seq 50); do kill -0 "${started[i]}" 2>/dev/null && sleep 0.1; done
    kill -9 "${started[i]}" 2>/dev/null || true
    wait "${started[i]}" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap finish EXIT
cd "$work"

# Installs exact versions from npm, without their install scripts.
npm_packages() {
  printf '{ "private": true }\n' >package.json
  npm install --silent --ignore-scripts --no-audit --no-fund --save-exact "$@"
}

# Installs missing Debian packages, without starting their services.
debian_packages() {
  local missing=() name guard=
  for name in "$@"; do dpkg -s "$name" >/dev/null 2>&1 || missing+=("$name"); done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    guard=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >$guard
    chmod +x $guard
  fi
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
  if [ -n "$guard" ]; then rm "$guard"; fi
}

# Prints a free port of the loopback address.
free_port() {
  node -e "const s = require('net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })"
}

# Starts a program in the background, until the script ends.
start() {
  "$@" &
  started+=($!)
}

# Waits until a program listens on this port of the loopback address.
until_listening() {
  for _ in $(seq 200); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "no program listens on port $1" >&2
  exit 1
}

# Starts a PostgreSQL server from Debian, with these options. Sets `server` to its port. Everybody may log in as `postgres`.
start_postgres() {
  debian_packages postgresql
  local bin
  bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
  chown postgres "$work"
  as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
  server=$(free_port)
  "${as_postgres[@]}" "$bin/initdb" --auth trust -D "$work/data" >/dev/null
  start "${as_postgres[@]}" "$bin/postgres" -D "$work/data" -p "$server" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= "$@" 2>server.log
  until_listening "$server"
}

# Runs psql at that server as this role: prints bare values, and stops at an error.
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "postgres://$1@127.0.0.1:$server/postgres" "${@:2}"; }

# Starts PgBouncer from Debian before that server, with session pooling and these extra settings. Sets `bouncer` to its port.
start_pgbouncer() {
  debian_packages pgbouncer
  bouncer=$(free_port)
  cat >pgbouncer.ini <<INI
[databases]
postgres = host=127.0.0.1 port=$server user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $bouncer
unix_socket_dir =
auth_type = any
pool_mode = session
logfile = $work/bouncer.log
$*
INI
  start "${as_postgres[@]}" /usr/sbin/pgbouncer -q "$work/pgbouncer.ini"
  until_listening "$bouncer"
}

# Compares the behaviour with the documented one; fails if it has changed.
expect() {
  printf '%s\n  actual: %s\n' "$1" "$3"
  if [ "$2" = "$3" ]; then return; fi
  printf '  CHANGED. Documented: %s\n' "$2"
  exit 1
}
