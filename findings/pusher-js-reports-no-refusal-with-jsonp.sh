#!/usr/bin/env bash
# pusher-js 8.6.0 in a browser, with `transport: 'jsonp'`: if the auth endpoint answers with 403, the page gets no
# `pusher:subscription_error`. The channel stays pending, and another `subscribe()` sends no request. With the transport `ajax` the
# page gets the error with its status.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
debian_packages chromium
minimal_pusher_server playwright-core@1.65.1

cat >script.cjs <<'JS'
const { readFileSync } = require('node:fs');
const { chromium } = require('playwright-core');
const { serve } = require('./page.cjs');

const script = readFileSync('node_modules/pusher-js/dist/web/pusher.js');
let requests = 0;
const handle = ({ url }, response) => {
  if (url === '/') return response.setHeader('content-type', 'text/html').end('<script src="/pusher.js"></script>');
  if (url === '/pusher.js') return response.end(script);
  if (url.startsWith('/auth')) requests += 1;
  response.writeHead(403).end();
};

(async () => {
  const [transport] = process.argv.slice(2);
  const { port } = await serve(handle);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  const { event, pending } = await page.evaluate(
    async ({ port, transport }) => {
      const pusher = new Pusher('key', {
        cluster: '', wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'],
        channelAuthorization: { endpoint: '/auth', transport },
      });
      const channel = pusher.subscribe('private-a');
      const error = new Promise((resolve) => {
        channel.bind('pusher:subscription_error', ({ status }) => resolve(`error ${status}`));
      });
      const event = await Promise.race([error, new Promise((resolve) => setTimeout(resolve, 5000, 'no event'))]);
      const pending = channel.subscriptionPending;
      pusher.subscribe('private-a');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return { event, pending };
    },
    { port, transport },
  );
  console.log(`${event}, pending: ${pending}, requests: ${requests}`);
  await browser.close();
  process.exit();
})();
JS

expect 'a refused channel, and a second subscribe(), with jsonp' 'no event, pending: true, requests: 1' "$(node script.cjs jsonp)"
expect 'with ajax' 'error 403, pending: false, requests: 2' "$(node script.cjs ajax)"
