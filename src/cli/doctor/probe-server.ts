import { createHmac } from 'node:crypto';
import { askApp } from '../../pusher/http-api.ts';
import type { PusherApp } from '../../pusher/pusher-app.ts';
import { isFault, type Entered, type ServerEvidence, type Taken } from './evidence.ts';
import { connectPusher, type PusherSocket } from './pusher-socket.ts';

/** A channel of no family, so nobody else is ever let in. */
const ownChannel = 'private-usher-doctor';
const ownData = '{"user_id":"usher-doctor"}';

/** Shows the Pusher server the app's key, and its secret in both ways of signing a private channel. */
export async function probeServer(app: PusherApp): Promise<ServerEvidence> {
  const rest = await askApp(app);
  const greeting = await connectPusher(app);
  if (isFault(greeting)) return { greeting, rest };
  const { socketId, date } = greeting;
  const auth = signature(app, `${socketId}:${ownChannel}`);
  const plain = await subscribe(greeting, ownChannel, { auth });
  greeting.close();
  const withData = await subscribeWithData(app);
  return { greeting: { ...(date && { date }) }, rest, plain, ...(withData && { withData }) };
}

/** On a socket of its own: some servers close one that was refused. */
async function subscribeWithData(app: PusherApp): Promise<Taken | undefined> {
  const socket = await connectPusher(app);
  if (isFault(socket)) return undefined;
  const auth = signature(app, `${socket.socketId}:${ownChannel}:${ownData}`);
  const taken = await subscribe(socket, ownChannel, { auth, channel_data: ownData });
  socket.close();
  return taken;
}

/** Asks `ask` for an answer to a new socket's id, and has the Pusher server judge it, where one is reached. */
export async function enter(
  app: PusherApp | undefined,
  ask: (socketId: string) => Promise<Entered['asked']>,
  show: (socket: PusherSocket, answer: Readonly<Record<string, unknown>>) => Promise<Taken>,
): Promise<Entered> {
  const socket = app && (await connectPusher(app));
  // What Usher says does not depend on whether the socket is there.
  if (socket === undefined || isFault(socket)) return { asked: await ask('1.1') };
  const asked = await ask(socket.socketId);
  const signed = isFault(asked) ? undefined : asked.json;
  const taken = signed?.['auth'] === undefined ? undefined : await show(socket, signed);
  socket.close();
  return { asked, ...(taken && { taken }) };
}

/** Subscribes with an answer of an authorization endpoint. */
export function subscribe(
  { show }: PusherSocket,
  channel: string,
  { auth, channel_data }: Readonly<Record<string, unknown>>,
): Promise<Taken> {
  const event = { event: 'pusher:subscribe', data: { channel, auth, channel_data } };
  return show(event, 'pusher_internal:subscription_succeeded');
}

/** Signs in with an answer of a user authentication endpoint. */
export function signIn(
  { show }: PusherSocket,
  { auth, user_data }: Readonly<Record<string, unknown>>,
): Promise<Taken> {
  return show({ event: 'pusher:signin', data: { auth, user_data } }, 'pusher:signin_success');
}

/** Only ever of `ownChannel`: what Usher signs for others goes through a grant. */
function signature({ key, secret }: PusherApp, text: string): string {
  return `${key}:${createHmac('sha256', secret.reveal()).update(text).digest('hex')}`;
}
