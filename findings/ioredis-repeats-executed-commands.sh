#!/usr/bin/env bash
# ioredis 6.0.0 (Redis 7.0, Debian 12): if a connection is lost after the server executed a command and before its reply arrived,
# ioredis connects again and sends the command again. One `incr()` counts twice, and its promise resolves as if nothing had happened.
# `maxRetriesPerRequest: 0` prevents it. redis-py 4.3.4 rejects the command, and the counter is right.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages redis-server python3-redis
npm_packages ioredis@6.0.0

server=$(free_port)
start redis-server --bind 127.0.0.1 --port "$server" --save '' >server.log
until_listening "$server"

# Forwards connections. Closes the first one that has an INCR when its reply arrives, in place of forwarding that.
cat >relay.cjs <<'JS'
const net = require('node:net');
const [port, server] = process.argv.slice(2).map(Number);
let isLost = false;
net.createServer((client) => {
  const upstream = net.connect(server, '127.0.0.1');
  let counts = false;
  const close = () => [client, upstream].forEach((end) => end.destroy());
  for (const end of [client, upstream]) end.on('error', close).on('close', close);
  client.on('data', (command) => {
    counts ||= /incr/i.test(command);
    upstream.write(command);
  });
  upstream.on('data', (reply) => {
    if (isLost || !counts) {
      client.write(reply);
      return;
    }
    isLost = true;
    close();
  });
}).listen(port, '127.0.0.1');
JS
cat >count.cjs <<'JS'
const { Redis } = require('ioredis');
const [port, options] = process.argv.slice(2);
const redis = new Redis({ host: '127.0.0.1', port: Number(port), ...JSON.parse(options) }).on('error', () => {});
redis.incr('counter')
  .then((value) => console.log(`INCR: ${value}`), () => console.log('INCR rejected'))
  .then(() => redis.disconnect());
JS
cat >count.py <<'PY'
import redis, sys
try:
    print('INCR:', redis.Redis(port=int(sys.argv[1])).incr('counter'))
except redis.ConnectionError:
    print('INCR rejected')
PY

# Runs a program with a relay. Sets `result` to what it printed, and the counter.
count() {
  redis-cli -p "$server" del counter >deleted
  local relay
  relay=$(free_port)
  start node relay.cjs "$relay" "$server"
  until_listening "$relay"
  result="$("$1" "$2" "$relay" "${@:3}"), counter: $(redis-cli -p "$server" get counter)"
}

redis-server --version
count /usr/bin/python3 count.py
expect 'one INCR, whose reply is lost, redis-py' 'INCR rejected, counter: 1' "$result"
count node count.cjs '{}'
expect 'ioredis' 'INCR: 2, counter: 2' "$result"
count node count.cjs '{ "maxRetriesPerRequest": 0 }'
expect 'ioredis, maxRetriesPerRequest 0' 'INCR rejected, counter: 1' "$result"
