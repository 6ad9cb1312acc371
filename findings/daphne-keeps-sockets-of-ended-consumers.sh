#!/usr/bin/env bash
# Daphne 4.0.0 and uvicorn 0.17.6 (Debian 12): when an ASGI application returns after it has accepted a WebSocket, Daphne leaves the connection
# open. Nobody reads its messages, and the client is not told. uvicorn closes it with 1000. And when a client closes with a code
# such as 4002, Daphne responds with 1000, so the client reports 1000 as the code of its own close; uvicorn repeats the code, as RFC 6455
# (5.5.1) recommends.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages daphne uvicorn python3-websockets
npm_packages ws@8.23.0

cat >application.py <<'PY'
async def app(scope, receive, send):
    if scope['type'] != 'websocket':
        return
    await receive()
    await send({'type': 'websocket.accept'})
    while scope['path'] == '/loop' and (await receive())['type'] != 'websocket.disconnect':
        pass
PY
cat >client.cjs <<'JS'
const { WebSocket } = require('ws');
const [port, path, code] = process.argv.slice(2);
const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
const end = (result) => {
  console.log(result);
  process.exit();
};
socket.on('open', () => {
  if (code) socket.close(Number(code));
  else setTimeout(() => end('open after 5 s'), 5000);
});
socket.on('close', (received) => end(`closed with ${received}`));
JS
serve() {
  port=$(free_port)
  start "${@//PORT/$port}" >"server-$port.log" 2>&1
  until_listening "$port"
}

dpkg-query -W -f '${Package} ${Version}\n' daphne uvicorn
serve uvicorn --host 127.0.0.1 --port PORT --ws websockets --lifespan off application:app
expect 'uvicorn, the application has returned' 'closed with 1000' "$(node client.cjs "$port" /return)"
expect 'uvicorn, the client closes with 4002' 'closed with 4002' "$(node client.cjs "$port" /loop 4002)"
serve daphne -b 127.0.0.1 -p PORT application:app
expect 'Daphne, the application has returned' 'open after 5 s' "$(node client.cjs "$port" /return)"
expect 'Daphne, the client closes with 4002' 'closed with 1000' "$(node client.cjs "$port" /loop 4002)"
