#!/usr/bin/env bash
# redis 6.3.1 (node-redis): the option `timeout` of a command and its `abortSignal` apply until the command is written to the socket. A command that
# Redis has received and does not answer, because the server is frozen, is pending for as long as the connection is. ioredis 6.0.0
# rejects the same command after its `commandTimeout`.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages redis-server
npm_packages redis@6.3.1 ioredis@6.0.0
port=$(free_port)
start redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$work" >redis.log
redis=${started[-1]}
until_listening "$port"

cat >client.mjs <<'JS'
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createClient } from 'redis';

const [port, pid] = process.argv.slice(2).map(Number);
const nodeRedis = await createClient({ url: `redis://127.0.0.1:${port}`, commandOptions: { timeout: 200 } }).on('error', () => {}).connect();
const ioredis = new Redis(port, '127.0.0.1', { commandTimeout: 200 });
await Promise.all([nodeRedis.ping(), ioredis.ping()]);
process.kill(pid, 'SIGSTOP');
const result = (command) => Promise.race([command.then(() => 'answered', () => 'rejected'), pause(3000, 'pending')]);
const signal = AbortSignal.timeout(200);
const results = await Promise.all([
  result(nodeRedis.get('a')), result(nodeRedis.withAbortSignal(signal).get('a')), result(ioredis.get('a')),
]);
process.kill(pid, 'SIGCONT');
console.log(results.join('\n'));
process.exit();
JS

node client.mjs "$port" "$redis" >result
expect 'node-redis, a timeout of 200 ms, after 3 s' pending "$(sed -n 1p result)"
expect 'node-redis, a signal of 200 ms, after 3 s' pending "$(sed -n 2p result)"
expect 'ioredis, commandTimeout of 200 ms' rejected "$(sed -n 3p result)"
