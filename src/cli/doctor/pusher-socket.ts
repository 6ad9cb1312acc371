import { WebSocket } from 'ws';
import type { PusherApp } from '../../pusher/pusher-app.ts';
import { parseJsonObject } from '../../runtime/json.ts';
import { codeOf } from '../network-errors.ts';
import type { Acceptance, Fault } from './check.ts';

const timeoutMs = 5_000;

/** An established connection (`pusher:connection_established`). */
export interface PusherSocket {
  readonly socketId: string;
  /** The `Date` of the response to the upgrade. */
  readonly date?: string;
  /** Sends an event, and waits for the event `success`. */
  readonly send: (event: object, success: string) => Promise<Acceptance>;
  readonly close: () => void;
}

/**
 * Connects as pusher-js does on a page of this origin (Pusher Channels protocol, version 7); resolves to a fault without a
 * connection. Reverb and Sockudo can be configured to accept only some origins.
 */
export function connectPusher(
  app: PusherApp,
  origin: string | undefined,
): Promise<PusherSocket | Fault> {
  return new Promise((resolve) => {
    const socket = new WebSocket(urlOf(app), { ...(origin !== undefined && { origin }) });
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
      settle({ socketId, send: sendOn(socket), close, ...(date && { date }) });
    });
    socket.on('close', (code) => {
      settle({ fault: `pusher-${code}` });
    });
  });
}

function sendOn(socket: WebSocket): PusherSocket['send'] {
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

/** Pusher has one host for WebSockets and another for its HTTP API; other servers have one host for both. */
function urlOf({ tls, host, port, path = '', cluster = 'mt1', key }: PusherApp): string {
  const [, ownCluster] = /^api-([a-z0-9]+)\.pusher\.com$/.exec(host ?? '') ?? [];
  const named =
    host === undefined || ownCluster !== undefined
      ? `ws-${ownCluster ?? cluster}.pusher.com`
      : host;
  const at = port === undefined ? '' : `:${port}`;
  return `${tls ? 'wss' : 'ws'}://${named}${at}${path}/app/${encodeURIComponent(key)}?protocol=7&client=usher-doctor&version=1`;
}

/** Parses an event. Its data are an object, or JSON in a string as Pusher sends them. */
function parse(text: unknown) {
  // A server of another protocol may send other texts: then the event has no name and no data.
  const { event, data } = parseJsonObject(String(text)) ?? {};
  const inner = typeof data === 'string' ? data : JSON.stringify(data ?? {});
  return { event, data: parseJsonObject(inner) ?? {} };
}
