#!/usr/bin/env bash
# pusher-js 8.6.0 reads a signature only from a response with the status 200. NestJS 12.5.1 answers each POST with 201, so a controller
# that returns what npm pusher 5.3.4 signed refuses every page: `pusher:subscription_error` with the status 201. With
# `@HttpCode(200)` the page subscribes.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
minimal_pusher_server @nestjs/common@12.5.1 @nestjs/core@12.5.1 @nestjs/platform-express@12.5.1 reflect-metadata@0.2.2 \
  rxjs@7.8.2 pusher@5.3.4

cat >nest.cjs <<'JS'
require('reflect-metadata');
const { Controller, HttpCode, Module, Post, Req } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const Application = require('pusher');
const Pusher = require('pusher-js');
const { serve } = require('./page.cjs');

const [status] = process.argv.slice(2);
const application = new Application({ appId: '1', key: 'key', secret: 'secret', host: '127.0.0.1' });
class AuthController {
  authorize({ body }) {
    return application.authorizeChannel(body.socket_id, body.channel_name);
  }
}
// What a compiler makes of the decorators.
const method = [AuthController.prototype, 'authorize', Object.getOwnPropertyDescriptor(AuthController.prototype, 'authorize')];
Controller()(AuthController);
Post('auth')(...method);
if (status) HttpCode(Number(status))(...method);
Req()(AuthController.prototype, 'authorize', 0);
class AppModule {}
Module({ controllers: [AuthController] })(AppModule);

(async () => {
  const nest = await NestFactory.create(AppModule, { logger: false });
  await nest.listen(0, '127.0.0.1');
  const { port } = nest.getHttpServer().address();
  const end = (result) => {
    console.log(result);
    process.exit();
  };
  const server = await serve(undefined, (socket) => socket.on('message', (text) => end(JSON.parse(text).event)));
  new Pusher('key', {
    cluster: '', wsHost: '127.0.0.1', wsPort: server.port, forceTLS: false, enabledTransports: ['ws'],
    channelAuthorization: { endpoint: `http://127.0.0.1:${port}/auth` },
  })
    .subscribe('private-a')
    .bind('pusher:subscription_error', (error) => end(`pusher:subscription_error ${error.status}`));
})();
JS

expect 'the page after the signature of a controller with @HttpCode(200)' pusher:subscribe "$(node nest.cjs 200)"
expect 'without it' 'pusher:subscription_error 201' "$(node nest.cjs)"
