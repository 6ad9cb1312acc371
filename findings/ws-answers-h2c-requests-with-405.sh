#!/usr/bin/env bash
# ws 8.23.0 with an HTTP server of Node.js 20: `new WebSocketServer({ server })` also answers ordinary requests that offer HTTP/2
# (`Upgrade: h2c`), as Java's HttpClient does by default at http:// addresses. A POST gets 405 and a GET 400, and the handler of
# the server never sees them. Without ws, Node.js ignores the offer, as RFC 9110 (7.8) allows, and the handler answers.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages curl openjdk-17-jdk-headless
npm_packages ws@8.23.0

cat >application.cjs <<'JS'
const http = require('node:http');
const { WebSocketServer } = require('ws');
const [port, withWs] = process.argv.slice(2);
const server = http.createServer((request, response) => request.resume().on('end', () => response.end()));
if (withWs === 'ws') new WebSocketServer({ server });
server.listen(Number(port), '127.0.0.1');
JS
cat >Post.java <<'JAVA'
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Post {
  public static void main(String[] ports) throws Exception {
    for (String port : ports) {
      HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
        .POST(HttpRequest.BodyPublishers.ofString("a=b")).build();
      System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.discarding()).statusCode());
    }
  }
}
JAVA
plain=$(free_port)
start node application.cjs "$plain"
until_listening "$plain"
websocket=$(free_port)
start node application.cjs "$websocket" ws
until_listening "$websocket"

status() { curl -s -o answer -w '%{http_code}' "$@"; }
node --version
expect 'curl: POST, without ws and with it' '200 200' "$(status -d a=b "http://127.0.0.1:$plain/") $(status -d a=b "http://127.0.0.1:$websocket/")"
expect 'curl --http2: POST' '200 405' \
  "$(status --http2 -d a=b "http://127.0.0.1:$plain/") $(status --http2 -d a=b "http://127.0.0.1:$websocket/")"
expect 'curl --http2: GET' '200 400' "$(status --http2 "http://127.0.0.1:$plain/") $(status --http2 "http://127.0.0.1:$websocket/")"
expect 'HttpClient of Java 17: POST' '200 405' "$(java Post.java "$plain" "$websocket" | xargs)"
