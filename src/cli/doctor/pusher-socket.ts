import { WebSocket } from 'ws';
import type { PusherApp } from '../../pusher/pusher-app.ts';
import type { Fault, Acceptance } from './evidence.ts';
import { parseObject } from './json.ts';
import { codeOf } from './network-errors.ts';

/** How long the server may take for anything, in milliseconds. */
const timeoutMs = 5_000;

/** A connection on which the server has said its greeting. */
export interface PusherSocket {
  readonly socketId: string;
  /** The `Date` of the server's answer to the upgrade. */
  readonly date?: string;
  /** Sends an event, and waits whether one of this name answers it. */
  readonly send: (event: object, success: string) => Promise<Acceptance>;
  readonly close: () => void;
}

/** Connects as pusher-js does (Pusher Channels protocol, version 7); gives the fault when there is no greeting. */
export function connectPusher(app: PusherApp): Promise<PusherSocket | Fault> {
  return new Promise((resolve) => {
    const socket = new WebSocket(urlOf(app));
    let date: string | undefined;
    const settle = (result: PusherSocket | Fault) => {
      clearTimeout(timeout);
      if ('fault' in result) socket.terminate();
      resolve(result);
    };
    const timeout = setTimeout(() => {
      settle({ fault: 'timeout' });
    }, timeoutMs);
    socket.on('error', (error) => {
      settle({ fault: codeOf(error) });
    });
    socket.on('unexpected-response', (_request, response) => {
      settle({ fault: `http-${response.statusCode ?? 0}` });
    });
    socket.on('upgrade', ({ headers }) => {
      date = headers.date;
    });
    socket.once('message', (text) => {
      const { socket_id: socketId, code } = parse(text).data;
      if (typeof socketId !== 'string') {
        settle({ fault: `pusher-${String(code)}` });
        return;
      }
      const close = () => {
        socket.terminate();
      };
      settle({ socketId, send: createSend(socket), close, ...(date && { date }) });
    });
    socket.on('close', (code) => {
      settle({ fault: `pusher-${code}` });
    });
  });
}

function createSend(socket: WebSocket): PusherSocket['send'] {
  return (event, success) =>
    new Promise((resolve) => {
      const settle = (acceptance: Acceptance) => {
        clearTimeout(timeout);
        resolve(acceptance);
      };
      const timeout = setTimeout(() => {
        settle('silent');
      }, timeoutMs);
      socket.on('message', (text) => {
        const { event: name } = parse(text);
        if (name === success) settle('accepted');
        if (name === 'pusher:subscription_error' || name === 'pusher:error') settle('refused');
      });
      socket.on('close', () => {
        settle('refused');
      });
      socket.send(JSON.stringify(event));
    });
}

/** Where the app's WebSockets are; Pusher's own are beside its HTTP API, other servers have one host for both. */
function urlOf({ tls, host, port, cluster = 'mt1', key }: PusherApp): string {
  const [, ownCluster] = /^api-([a-z0-9]+)\.pusher\.com$/.exec(host ?? '') ?? [];
  const named =
    host === undefined || ownCluster !== undefined
      ? `ws-${ownCluster ?? cluster}.pusher.com`
      : host;
  const at = port === undefined ? '' : `:${port}`;
  return `${tls ? 'wss' : 'ws'}://${named}${at}/app/${encodeURIComponent(key)}?protocol=7&client=usher-doctor&version=1`;
}

/** An event; its data are JSON within JSON, as Pusher sends them, or an object. */
function parse(text: unknown) {
  // A server that sends something else than JSON objects speaks another protocol: then nothing is found in it.
  const { event, data } = parseObject(String(text)) ?? {};
  const inner = typeof data === 'string' ? data : JSON.stringify(data ?? {});
  return { event, data: parseObject(inner) ?? {} };
}
