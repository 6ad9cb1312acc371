#!/usr/bin/env bash
# aiohttp 3.8.4 (Debian 12) with Express 5.3.0 and cookie-parser 1.4.7: a client sends a cookie whose value is JSON, as consent banners set it
# from a page. aiohttp then loses every cookie that stands behind it in the header, such as the session. Express reads both.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages python3-aiohttp
npm_packages express@5.3.0 cookie-parser@1.4.7

cat >aiohttp_host.py <<'PY'
import sys
from aiohttp import web

async def names(request):
    return web.Response(text=' '.join(sorted(request.cookies)))

app = web.Application()
app.router.add_get('/', names)
web.run_app(app, host='127.0.0.1', port=int(sys.argv[1]), print=None)
PY
cat >express_host.cjs <<'JS'
const express = require('express');
express()
  .use(require('cookie-parser')())
  .use((request, response) => response.send(Object.keys(request.cookies).sort().join(' ')))
  .listen(Number(process.argv[2]), '127.0.0.1');
JS
aiohttp=$(free_port)
start /usr/bin/python3 aiohttp_host.py "$aiohttp"
until_listening "$aiohttp"
express=$(free_port)
start node express_host.cjs "$express"
until_listening "$express"
names() { curl -s -H "Cookie: $2" "http://127.0.0.1:$1/"; }

/usr/bin/python3 -c 'import aiohttp; print("aiohttp", aiohttp.__version__)'
expect 'session behind the JSON, in aiohttp' '' "$(names "$aiohttp" 'consent={"statistics":false}; session=1')"
expect 'session before the JSON, in aiohttp' 'session' "$(names "$aiohttp" 'session=1; consent={"statistics":false}')"
expect 'session behind the JSON, in Express' 'consent session' "$(names "$express" 'consent={"statistics":false}; session=1')"
