/** The package `usher`: Usher inside another Node.js server. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyPluginCallback } from 'fastify';
import { openApp } from './app.ts';
import { authenticateUser } from './authorize/authenticate-user.ts';
import { authorizeChannel } from './authorize/authorize-channel.ts';
import { listChannels } from './authorize/list-channels.ts';
import { mountRoutes } from './http/mount-routes.ts';
import { ConfigurationError, loadConfig } from './config/load.ts';
import { formatCursor } from './http/routes/channel-list/cursor.ts';
import {
  channelRequest,
  cursorOf,
  refusalOf,
  userRequest,
  type ClientRequest,
  type Refused,
} from './http/input/client-request.ts';
import type { ChannelSignature, SignedUser } from './pusher/signatures.ts';
import type { ReloadResult } from './policy/current-policy.ts';
import { systemClock } from './runtime/clock.ts';
import { isJsonObject } from './runtime/json.ts';

export type { ClientRequest, Refused } from './http/input/client-request.ts';
export type { ReloadResult } from './policy/current-policy.ts';
export type { ChannelSignature, SignedUser } from './pusher/signatures.ts';

/** The settings of docs/CONFIGURATION.md, by name. Variables of the environment are not read. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** A grant; `body` is the response that the client expects. */
export interface Granted<Body> {
  readonly outcome: 'grant';
  /** The id of the decision in the audit log. */
  readonly decisionId: string;
  readonly body: Body;
}

/** A page of channels. `next` is the `after` of the next page. */
export interface Listed {
  readonly outcome: 'list';
  readonly channels: readonly string[];
  readonly next?: string;
}

/**
 * Usher without ports of its own. Every function writes its decision to the audit log first. Each rejects with `Unavailable` if the
 * database or another dependency is unavailable, which is never a grant.
 */
export interface Usher {
  /** Decides whether a client may subscribe to a channel. A grant has the signature; a refusal has a status, a message and a code. */
  authorizeChannel(
    request: ClientRequest & { readonly socketId: string; readonly channelName: string },
  ): Promise<Granted<ChannelSignature> | Refused>;
  /** Authenticates the user of a connection, for `pusher.signin()`. A grant has the signed user data. */
  authenticateUser(
    request: ClientRequest & { readonly socketId: string },
  ): Promise<Granted<SignedUser> | Refused>;
  /** Lists the channels to which a client may subscribe now, in pages. Pass `next` of a page as `after` to get the next one. */
  listChannels(
    request: ClientRequest & { readonly after?: string | undefined },
  ): Promise<Listed | Refused>;
  /** A plugin for Fastify 5 with the routes of the public port. */
  readonly plugin: FastifyPluginCallback;
  /** A plugin for Fastify 5 with the routes of the operator's port. They must not be reachable for clients. */
  readonly operatorPlugin: FastifyPluginCallback;
  /** Handles a request of `node:http` or Express with the routes of the public port; 404 for other paths. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  /** Handles WebSocket handshakes: `server.on('upgrade', usher.upgrade)`. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /**
   * Loads a changed policy now; it is also loaded within two seconds after a change. Never rejects because of the policy: the
   * result has its problems, and the last valid policy stays in use.
   */
  reloadPolicy(): Promise<ReloadResult>;
  /** Completes open requests, and closes everything. Close your own server first. The functions then reject with an error. */
  close(): Promise<void>;
}

/**
 * Opens and migrates the database, and loads the policy. Rejects if a setting is invalid, the policy has problems, or a dependency is
 * unavailable; nothing is left running then.
 */
export async function createUsher(settings: Settings): Promise<Usher> {
  checkSettings(settings);
  const app = await openApp(loadConfig(settings), systemClock);
  const { servers, deps, reloadPolicy } = app;
  await Promise.all([servers.public.ready(), servers.operator.ready()]);
  let closed: Promise<void> | undefined;
  // A closed database would be reported as an unavailable one, and the operator would search for an outage.
  const whileOpen =
    <Args extends readonly unknown[], Result>(run: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> =>
      closed === undefined ? run(...args) : Promise.reject(new Error('Usher is closed'));
  return {
    authorizeChannel: whileOpen(async (request) => {
      const decision = await authorizeChannel(channelRequest(request, randomUUID), deps);
      if (decision.outcome === 'refusal') return refusalOf(decision);
      return { outcome: 'grant', decisionId: decision.id, body: deps.sign(decision) };
    }),
    authenticateUser: whileOpen(async (request) => {
      const decision = await authenticateUser(userRequest(request, randomUUID), deps);
      if (decision.outcome === 'refusal') return refusalOf(decision);
      return { outcome: 'grant', decisionId: decision.id, body: deps.signUser(decision) };
    }),
    listChannels: whileOpen(async (request) => {
      const cursor = cursorOf(request.after);
      const listed = await listChannels(
        { ...userRequest({ ...request, socketId: '' }, randomUUID), cursor },
        deps,
      );
      if ('outcome' in listed) return refusalOf(listed);
      const { channels, next } = listed;
      return { outcome: 'list', channels, ...(next && { next: formatCursor(next) }) };
    }),
    plugin: mountRoutes(servers.public, servers.paths.public),
    operatorPlugin: mountRoutes(servers.operator, servers.paths.operator),
    handle: (request, response) => {
      servers.public.routing(request, response);
    },
    upgrade: (request, socket, head) => {
      servers.public.server.emit('upgrade', request, socket, head);
    },
    reloadPolicy: whileOpen(reloadPolicy),
    close: () => (closed ??= app.stop()),
  };
}

/** JavaScript does not check that a setting such as `true` or a list is a text, and a parser would misread it. */
function checkSettings(settings: unknown): asserts settings is Settings {
  if (!isJsonObject(settings)) {
    throw new ConfigurationError([
      'createUsher takes the settings as an object, such as those of the environment',
    ]);
  }
  const others = Object.keys(settings).filter(
    (name) => settings[name] !== undefined && typeof settings[name] !== 'string',
  );
  if (others.length === 0) return;
  throw new ConfigurationError(
    others.map((name) => `${name} must be a string, as in the environment`),
  );
}
