import Echo from 'laravel-echo';
import PusherModule from 'pusher-js';
import type { Channel, Members, Options } from 'pusher-js';
import { afterEach } from 'vitest';

import { within } from './within.ts';

type PusherJs = PusherModule.default;
// Its types describe an ES module, but its file is CommonJS: what Node imports is the class itself.
const Pusher = PusherModule as unknown as typeof PusherModule.default;

/** The Pusher server that a client connects to. */
export interface PusherServer {
  readonly port: number;
  readonly key: string;
}

/** The outcome of a subscription; `status` is that of the authorization request, or of the server's refusal. */
export type Joined =
  | { readonly ok: true; readonly members?: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly status: number | undefined };

/** The outcome of a sign-in; without a status the Pusher server refused it and closed the connection. */
export type SignedIn =
  | { readonly ok: true; readonly user: unknown }
  | { readonly ok: false; readonly status: number | undefined };

/** A real pusher-js. */
export interface PusherClient {
  readonly pusher: PusherJs;
  /** The id that the server gave to the connection. */
  socketId(): Promise<string>;
  subscribe(channelName: string): Promise<Joined>;
  /** To be called once: pusher-js signs in again by itself after a reconnect. */
  signIn(): Promise<SignedIn>;
  disconnect(): void;
}

/** A real Laravel Echo with its own pusher-js; channel names are given without their prefix. */
export interface EchoClient extends Omit<PusherClient, 'subscribe'> {
  readonly echo: Echo<'pusher'>;
  private(name: string): Promise<Joined>;
  join(name: string): Promise<Joined>;
  encryptedPrivate(name: string): Promise<Joined>;
}

const timeoutMs = 15_000;

function optionsFor(server: PusherServer) {
  return {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: server.port,
    forceTLS: false,
    enabledTransports: ['ws'],
  } satisfies Options;
}

/** Returns a function that takes clients, which are disconnected after each test of the file. */
export function disconnectAfterEach() {
  const open: Pick<PusherClient, 'disconnect'>[] = [];
  afterEach(() => {
    for (const client of open.splice(0)) client.disconnect();
  });
  return <Client extends Pick<PusherClient, 'disconnect'>>(client: Client): Client => {
    open.push(client);
    return client;
  };
}

/** Connects a pusher-js. A `customHandler` among the options must call back later, as a request would. */
export function connectPusher(server: PusherServer, options: Partial<Options>): PusherClient {
  const pusher = new Pusher(server.key, { ...optionsFor(server), ...options });
  return {
    ...connectionOf(pusher),
    subscribe: (channelName) => joined(pusher.subscribe(channelName)),
  };
}

/** Options of Echo. `channelAuthorization` disables Echo's own headers, including `bearerToken`. */
export type EchoSettings = Pick<Options, 'authEndpoint' | 'channelAuthorization' | 'authorizer'> & {
  readonly userAuthentication?: {
    endpoint: string;
    headers: Record<string, string>;
  } & NonNullable<Options['userAuthentication']>;
  readonly bearerToken?: string;
  readonly csrfToken?: string;
  readonly auth?: { headers: Record<string, string> };
};

/** Connects a Laravel Echo, such as `connectEcho(server, { authEndpoint, bearerToken })`. */
export function connectEcho(server: PusherServer, options: EchoSettings): EchoClient {
  const echo = new Echo<'pusher'>({
    ...optionsFor(server),
    key: server.key,
    // Echo's declaration reads pusher-js as an ES module, which it is not.
    Pusher: Pusher as never,
    ...options,
    broadcaster: 'pusher',
  });
  const pusher = echo.connector.pusher as unknown as PusherJs;
  const onThe = (channel: { subscription: unknown }) => joined(channel.subscription as Channel);
  return {
    ...connectionOf(pusher),
    echo,
    private: (name) => onThe(echo.private(name)),
    join: (name) => onThe(echo.join(name)),
    encryptedPrivate: (name) => onThe(echo.encryptedPrivate(name)),
  };
}

/** The data of the next event of this name on the channel; throws after 15 s. */
export function nextEvent(channel: Channel, event: string): Promise<unknown> {
  const arrived = new Promise<unknown>((resolve) => {
    const take = (data: unknown) => {
      channel.unbind(event, take);
      resolve(data);
    };
    channel.bind(event, take);
  });
  return within(timeoutMs, arrived, () => `No ${event} on ${channel.name}`);
}

function connectionOf(pusher: PusherJs): Omit<PusherClient, 'subscribe'> {
  return {
    pusher,
    socketId: () => connected(pusher),
    signIn: () => signedIn(pusher),
    disconnect: () => {
      pusher.disconnect();
    },
  };
}

async function connected({ connection }: PusherJs): Promise<string> {
  const established = new Promise<void>((resolve) => {
    if (connection.state === 'connected') resolve();
    else connection.bind('connected', resolve);
  });
  await within(timeoutMs, established, () => `Not connected but ${connection.state}`);
  return connection.socket_id;
}

function joined(channel: Channel): Promise<Joined> {
  const responded = new Promise<Joined>((resolve) => {
    const settle = (result: Joined) => {
      channel.unbind('pusher:subscription_succeeded', succeed);
      channel.unbind('pusher:subscription_error', fail);
      resolve(result);
    };
    const succeed = (data: unknown) => {
      const presence = channel.name.startsWith('presence-');
      settle(presence ? { ok: true, members: membersIn(data as Members) } : { ok: true });
    };
    const fail = ({ status }: { status?: number }) => {
      settle({ ok: false, status });
    };
    channel.bind('pusher:subscription_succeeded', succeed);
    channel.bind('pusher:subscription_error', fail);
  });
  const state = () => channel.pusher.connection.state;
  return within(timeoutMs, responded, () => `No answer for ${channel.name}, connection ${state()}`);
}

const membersIn = ({ members }: Members) => ({ ...(members as Record<string, unknown>) });

async function signedIn(pusher: PusherJs): Promise<SignedIn> {
  let status: number | undefined;
  pusher.user.bind('pusher:signin_error', (error: { status?: number }) => {
    status = error.status;
  });
  pusher.signin();
  await within(timeoutMs, pusher.user.signinDonePromise, () => 'No answer for the sign-in');
  const user: unknown = pusher.user.user_data;
  return user === null ? { ok: false, status } : { ok: true, user };
}
