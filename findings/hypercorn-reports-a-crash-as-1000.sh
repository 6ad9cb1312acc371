#!/usr/bin/env bash
# Hypercorn 0.13.2 (Debian 12): when the application of a WebSocket raises an error, the client gets a close with 1000, as after a normal
# end, so a page that connects again only after an error stays away. uvicorn 0.17.6 loses the connection (1006). In the other
# direction, Hypercorn tells the application 1006 for every close of the client, whatever its code.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages ws@8.23.0
debian_packages python3-hypercorn python3-uvicorn python3-websockets

cat >application.py <<'PY'
async def application(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    message = await receive()
    if message["type"] == "websocket.disconnect":
        with open("code", "w") as file:
            print(message["code"], file=file)
        return
    raise RuntimeError("an error of the application")
PY
cat >page.cjs <<'JS'
const { WebSocket } = require('ws');
const [port, action] = process.argv.slice(2);
const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
socket.on('open', () => (action === 'close' ? socket.close(4005) : socket.send('hello')));
socket.on('close', (code) => console.log(code));
JS
codes() {
  local code
  code=$(node page.cjs "$1")
  rm -f code
  node page.cjs "$1" close >/dev/null
  for _ in $(seq 100); do [ -s code ] || sleep 0.1; done
  echo "$code at the client, $(cat code) at the application"
}

hypercorn=$(free_port)
start /usr/bin/hypercorn --bind "127.0.0.1:$hypercorn" application:application >hypercorn.log 2>&1
until_listening "$hypercorn"
expect 'Hypercorn: an error of the application, and a close of the client with 4005' \
  '1000 at the client, 1006 at the application' "$(codes "$hypercorn")"
uvicorn=$(free_port)
start /usr/bin/python3 -m uvicorn --port "$uvicorn" --lifespan off application:application >uvicorn.log 2>&1
until_listening "$uvicorn"
expect 'uvicorn' '1006 at the client, 4005 at the application' "$(codes "$uvicorn")"
