import { usherAuth, type UsherAuthOptions } from '../../clients/js/src/index.ts';
import type { PusherLike } from '../../clients/js/src/types.ts';
import { createTestClock } from '../support/test-clock.ts';

/** A request of the package, as the network sees it. */
export interface Sent {
  readonly url: string;
  /** The names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly socket_id: string; readonly channel_name?: readonly string[] };
  readonly credentials: string;
  readonly at: number;
}

/** The behaviour of the network for a request; a rejection is a network error. */
export type Respond = (sent: Sent) => Response | Promise<Response>;

export const socketId = '1234.5678';

/** A JSON response. */
export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

/** The response that grants all channels, or the sign-in. */
export const grantAll: Respond = ({ body: { channel_name: names } }) =>
  json(
    names === undefined
      ? { auth: 'key:user', user_data: '{"id":"15"}' }
      : Object.fromEntries(names.map((name) => [name, entry(name)])),
  );

const entry = (name: string) => ({ status: 200, data: { auth: `key:${name}` } });

/** A page whose time and network a test controls. */
export function createPage(options: UsherAuthOptions = {}) {
  const clock = createTestClock(0);
  const sent: Sent[] = [];
  const state = { respond: grantAll, random: 0.5 };
  const environment = {
    ...clock.clock,
    random: () => state.random,
    fetch: (async (url: string, init: RequestInit) => {
      const request: Sent = {
        url,
        headers: Object.fromEntries(new Headers(init.headers)),
        body: JSON.parse(init.body as string) as Sent['body'],
        credentials: String(init.credentials),
        at: clock.now,
      };
      sent.push(request);
      const aborted = new Promise<never>((_resolve, reject) => {
        init.signal?.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      });
      return Promise.race([state.respond(request), aborted]);
    }) as typeof fetch,
  };
  const usher = usherAuth(options, environment);
  /** The callbacks of pusher-js so far: an error, or a signature. */
  const results: { name: string; error: Error | null; signature: unknown }[] = [];
  return {
    usher,
    clock,
    sent,
    state,
    results,
    subscribe: (name: string, socket = socketId): void => {
      usher.channelAuthorization.customHandler(
        { socketId: socket, channelName: name },
        (error, signature) => results.push({ name, error, signature }),
      );
    },
    signIn: (): void => {
      usher.userAuthentication.customHandler({ socketId }, (error, signature) =>
        results.push({ name: 'sign-in', error, signature }),
      );
    },
    /** Resolves when the time has moved on so far. */
    sleep: (milliseconds: number) =>
      new Promise<void>((resolve) => {
        clock.clock.startTimer(milliseconds, resolve);
      }),
    /** Moves the time on. The network responds within one step of 10 ms. */
    advance: async (milliseconds: number): Promise<void> => {
      for (let passed = 0; passed < milliseconds; passed += 10) {
        clock.advance(Math.min(10, milliseconds - passed));
        await new Promise(setImmediate);
      }
    },
  };
}

/** A connection of pusher-js, in the state that a test sets. */
export function createConnection() {
  const callbacks: Record<string, ((data: never) => void)[]> = {};
  const calls: string[] = [];
  const connection = {
    state: 'connected',
    socket_id: socketId,
    bind: (event: string, callback: (data: never) => void) => {
      (callbacks[event] ??= []).push(callback);
    },
  };
  const events: unknown[] = [];
  const emitter = {
    emit: (event: string, data: unknown) => events.push([event, data]),
  };
  const channels: Record<string, ReturnType<typeof channelOf>> = {};
  const channelOf = (name: string) => ({
    ...emitter,
    name,
    subscribed: false,
    subscriptionPending: true,
    subscriptionCancelled: false,
  });
  const emit = (event: string, data?: unknown) => {
    for (const callback of callbacks[event] ?? []) callback(data as never);
  };
  const pusher: PusherLike = {
    connection,
    user: emitter,
    channel: (name) => channels[name],
    connect: () => {
      calls.push('connect');
      connection.state = 'connected';
      connection.socket_id = `${calls.length}.1`;
      emit('connected');
    },
    disconnect: () => {
      calls.push('disconnect');
      connection.state = 'disconnected';
    },
  };
  return {
    pusher,
    connection,
    channels,
    events,
    calls,
    emit,
    addChannel: (name: string) => (channels[name] = channelOf(name)),
    /** The server closes the connection with this code, as pusher-js reports it. */
    end: (code: number) => {
      emit('error', { type: 'PusherError', data: { code } });
      emit('error', { type: 'WebSocketError', error: { type: 'PusherError', data: { code } } });
      connection.state = 'disconnected';
    },
  };
}
