#!/usr/bin/env bash
# ioredis 6.0.0 with a database number that the server (Redis 7.0, Debian 12) does not have, such as `redis://host/99`: the
# refused SELECT is only an `error` event. The client becomes ready and sends all commands to database 0, where another
# application may have its keys. redis-py 4.3.4, for comparison, rejects the command.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages redis-server python3-redis
npm_packages ioredis@6.0.0

server=$(free_port)
start redis-server --bind 127.0.0.1 --port "$server" --save '' >server.log
until_listening "$server"

cat >set.cjs <<'JS'
const { Redis } = require('ioredis');
const redis = new Redis(process.argv[2]);
redis.on('error', (error) => console.log(`error event: ${error.message}`));
redis.set('key', 'value')
  .then((reply) => console.log(`SET: ${reply}`), (error) => console.log(`SET failed: ${error.message}`))
  .then(() => redis.disconnect());
JS
cat >set.py <<'PY'
import redis, sys
try:
    print('SET:', redis.Redis.from_url(sys.argv[1]).set('key', 'value'))
except redis.RedisError as error:
    print('SET failed:', error)
PY

url=redis://127.0.0.1:$server/99
redis-server --version
expect 'SET in database 99, redis-py' 'SET failed: DB index is out of range' "$(/usr/bin/python3 set.py "$url")"
expect 'keys in database 0' 0 "$(redis-cli -p "$server" dbsize)"
expect 'SET in database 99, ioredis' $'error event: ERR DB index is out of range\nSET: OK' "$(node set.cjs "$url")"
expect 'keys in database 0' 1 "$(redis-cli -p "$server" dbsize)"
