// The lower bound: `node:http`, a form and one HMAC. It grants every request.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { parse } from 'node:querystring';
import { announce, setting } from './announce.ts';

const [key, secret] = [setting('PUSHER_KEY'), setting('PUSHER_SECRET')];

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (piece: string) => (body += piece));
  request.on('end', () => {
    const form = parse(body);
    const signed = `${String(form['socket_id'])}:${String(form['channel_name'])}`;
    const auth = `${key}:${createHmac('sha256', secret).update(signed).digest('hex')}`;
    const reply = JSON.stringify({ auth });
    response.writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(reply),
    });
    response.end(reply);
  });
});
server.listen(0, '127.0.0.1', () => {
  announce(server.address());
});
