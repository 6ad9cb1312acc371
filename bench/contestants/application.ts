// A minimal application beside Usher, with an HTTP endpoint for facts and one for `ask`. It is not measured.
import { createServer } from 'node:http';
import { ownerOf } from '../facts.ts';
import { announce } from './announce.ts';

const server = createServer((request, response) => {
  const { url = '' } = request;
  request.resume().on('end', () => {
    const reply = url.startsWith('/orders/')
      ? { owner_id: ownerOf(Number(url.slice('/orders/'.length))) }
      : { auth: 'application:0' };
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(reply));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  announce(server.address());
});
