#!/usr/bin/env bash
# ioredis 6.0.0 with Sentinels (Redis 7.0, Debian 12): `maxRetriesPerRequest` does not limit the wait for a master. It counts
# lost connections to the server, and while no Sentinel names a master there are none. With a wrong master name each command
# stays in the queue, and the `error` event says that the Sentinels are unreachable. `commandTimeout` limits the wait.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages redis-server redis-sentinel
npm_packages ioredis@6.0.0

server=$(free_port)
start redis-server --bind 127.0.0.1 --port "$server" --save '' >server.log
until_listening "$server"
sentinel=$(free_port)
printf 'bind 127.0.0.1\nport %s\ndir %s\nsentinel monitor main 127.0.0.1 %s 1\n' "$sentinel" "$work" "$server" >sentinel.conf
start redis-sentinel sentinel.conf >sentinel.log
until_listening "$sentinel"

cat >get.cjs <<'JS'
const { Redis } = require('ioredis');
const [port, name, commandTimeout] = process.argv.slice(2);
const address = name ? { sentinels: [{ host: '127.0.0.1', port: Number(port) }], name } : { host: '127.0.0.1', port: Number(port) };
const redis = new Redis({ ...address, maxRetriesPerRequest: 1, ...(commandTimeout && { commandTimeout: Number(commandTimeout) }) });
let event = 'none';
redis.on('error', ({ code, message }) => { event = code ?? message.split('.')[0]; });
const get = redis.get('key').then((value) => `value ${value}`, ({ name, message }) => `rejected: ${name === 'Error' ? message : name}`);
const later = new Promise((resolve) => setTimeout(resolve, 5000, 'waits'));
Promise.race([get, later]).then((result) => {
  console.log(`${result}; error event: ${event}`);
  process.exit();
});
JS

redis-server --version
expect 'GET with maxRetriesPerRequest 1, no server' 'rejected: MaxRetriesPerRequestError; error event: ECONNREFUSED' \
  "$(node get.cjs "$(free_port)")"
expect 'through a Sentinel, its master' 'value null; error event: none' "$(node get.cjs "$sentinel" main)"
expect 'through a Sentinel, another name, for 5 seconds' 'waits; error event: All sentinels are unreachable' "$(node get.cjs "$sentinel" other)"
expect 'the same with commandTimeout 1000' 'rejected: Command timed out; error event: All sentinels are unreachable' \
  "$(node get.cjs "$sentinel" other 1000)"
