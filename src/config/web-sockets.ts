import type { SettingsReader } from './read.ts';
import type { SessionConfig } from './sessions.ts';

export interface WebSocketConfig {
  /** The upstream of `GET /ws`. */
  readonly chatServer: URL | undefined;
  /** The upstream of the endpoints for session cookies. */
  readonly host: URL | undefined;
  /** Whether upstreams receive the client's `Host`, or their own address. */
  readonly preserveHost: boolean;
  readonly maxMessageBytes: number;
  /** The maximum size of an upstream's message, in bytes; `undefined` for no limit. */
  readonly maxUpstreamMessage: number | undefined;
  /** The action for a client's message beyond the rate limit. */
  readonly overLimit: 'close' | 'drop';
  readonly pingIntervalMs: number;
  readonly recheckIntervalMs: number;
}

/** A longer interval would exceed the idle timeout of every proxy. */
const pingIntervalsMs = { min: 100, max: 10 * 60 * 1000 } as const;
/** After a logout at the application, or a revocation whose notification is lost, a connection stays open for up to this time. */
const maxRecheckMs = 60 * 60 * 1000;

export function loadWebSockets(
  read: SettingsReader,
  sessions: SessionConfig | undefined,
): WebSocketConfig {
  const recheckIntervalMs = read.required('WS_RECHECK_INTERVAL');
  if (recheckIntervalMs > maxRecheckMs) read.problem('WS_RECHECK_INTERVAL must be 1h at most');
  const pingIntervalMs = read.required('WS_PING_INTERVAL');
  if (pingIntervalMs < pingIntervalsMs.min || pingIntervalMs > pingIntervalsMs.max) {
    read.problem('WS_PING_INTERVAL must be from 100ms to 10m');
  }
  const host = upstream('SESSION_WS_UPSTREAM', read);
  if (host !== undefined && sessions === undefined) {
    read.problem(`SESSION_WS_UPSTREAM ${withoutSessions}`);
  }
  return {
    chatServer: upstream('WS_UPSTREAM', read),
    host,
    preserveHost: read.required('WS_PRESERVE_HOST') === 'true',
    maxMessageBytes: read.required('WS_MAX_MESSAGE'),
    maxUpstreamMessage: read.optional('WS_MAX_UPSTREAM_MESSAGE'),
    overLimit: read.required('RATE_LIMIT_MESSAGES_ACTION'),
    pingIntervalMs,
    recheckIntervalMs,
  };
}

function upstream(
  name: 'WS_UPSTREAM' | 'SESSION_WS_UPSTREAM',
  read: SettingsReader,
): URL | undefined {
  const text = read.optional(name);
  if (text === undefined) return undefined;
  const url = new URL(text.reveal());
  const problem = upstreamProblem(url);
  if (problem !== undefined) read.problem(`${name} ${problem}`);
  return url;
}

/** Why this cannot be the address of a WebSocket server behind Usher; `undefined` if it can. */
export const upstreamProblem = ({ username, password, hash }: URL): string | undefined =>
  username !== '' || password !== '' || hash !== ''
    ? 'must not have a user name, a password or a fragment'
    : undefined;

/** The problem of a server behind paths for session cookies, without such cookies. */
export const withoutSessions = 'requires SESSION_MODE: without it every handshake would be refused';
