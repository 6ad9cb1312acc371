import { createHmac } from 'node:crypto';
import { requestChannels } from '../../pusher/http-api.ts';
import type { PusherApp } from '../../pusher/pusher-app.ts';
import { isFault, type Acceptance, type AuthAttempt, type ServerEvidence } from './check.ts';
import { connectPusher, type PusherSocket } from './pusher-socket.ts';

/** A channel of no type, so that no other subscriber is ever granted it. */
const doctorChannel = 'private-usher-doctor';
const doctorChannelData = '{"user_id":"usher-doctor"}';

/** Connects with the key of the app, as a page of the origin, and subscribes with both signatures of a private channel. */
export async function probeServer(
  app: PusherApp,
  origin: string | undefined,
): Promise<ServerEvidence> {
  const rest = await requestChannels(app);
  const greeting = await connectPusher(app, origin);
  if (isFault(greeting)) return { greeting, rest };
  const { socketId, date } = greeting;
  const auth = signature(app, `${socketId}:${doctorChannel}`);
  const plain = await subscribe(greeting, doctorChannel, { auth });
  greeting.close();
  const withData = await subscribeWithData(app, origin);
  return { greeting: { ...(date && { date }) }, rest, plain, ...(withData && { withData }) };
}

/** On another socket: some servers close a socket after a refusal. */
async function subscribeWithData(
  app: PusherApp,
  origin: string | undefined,
): Promise<Acceptance | undefined> {
  const socket = await connectPusher(app, origin);
  if (isFault(socket)) return undefined;
  const auth = signature(app, `${socket.socketId}:${doctorChannel}:${doctorChannelData}`);
  const acceptance = await subscribe(socket, doctorChannel, {
    auth,
    channel_data: doctorChannelData,
  });
  socket.close();
  return acceptance;
}

/** Requests a signature for a new socket, and sends it to the Pusher server if there is a connection. */
export async function attemptAuth(
  connect: (() => ReturnType<typeof connectPusher>) | undefined,
  requestAuth: (socketId: string) => Promise<AuthAttempt['response']>,
  sendAuth: (socket: PusherSocket, auth: Readonly<Record<string, unknown>>) => Promise<Acceptance>,
): Promise<AuthAttempt> {
  const socket = await connect?.();
  // Usher's response does not depend on the socket.
  if (socket === undefined || isFault(socket)) return { response: await requestAuth('1.1') };
  const response = await requestAuth(socket.socketId);
  const signed = isFault(response) ? undefined : response.json;
  const acceptance = signed?.['auth'] === undefined ? undefined : await sendAuth(socket, signed);
  socket.close();
  return { response, ...(acceptance && { acceptance }) };
}

/** Subscribes with the response of an authorization endpoint. */
export function subscribe(
  { send }: PusherSocket,
  channel: string,
  { auth, channel_data }: Readonly<Record<string, unknown>>,
): Promise<Acceptance> {
  const event = { event: 'pusher:subscribe', data: { channel, auth, channel_data } };
  return send(event, 'pusher_internal:subscription_succeeded');
}

/** Signs in with the response of a user authentication endpoint. */
export function signIn(
  { send }: PusherSocket,
  { auth, user_data }: Readonly<Record<string, unknown>>,
): Promise<Acceptance> {
  return send({ event: 'pusher:signin', data: { auth, user_data } }, 'pusher:signin_success');
}

/** Only for `doctorChannel`: all other signatures require a grant. */
function signature({ key, secret }: PusherApp, text: string): string {
  return `${key}:${createHmac('sha256', secret.reveal()).update(text).digest('hex')}`;
}
