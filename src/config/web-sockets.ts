import type { SettingsReader } from './read.ts';
import type { SessionConfig } from './sessions.ts';

/** How WebSockets are taken in and passed on. */
export interface WebSocketConfig {
  /** The chat server behind `GET /ws`, where it stands behind it. */
  readonly chatServer: URL | undefined;
  /** The host's WebSocket server, behind the doors that are opened with its session cookie. */
  readonly host: URL | undefined;
  /** Whether the servers behind get the client's `Host`, or their own address. */
  readonly preserveHost: boolean;
  /** The largest message of a client, in bytes. */
  readonly maxMessageBytes: number;
  /** The largest message of a server behind, in bytes; without it there is no limit. */
  readonly maxUpstreamMessage: number | undefined;
  /** What becomes of a client's message beyond the rate limit. */
  readonly overLimit: 'close' | 'drop';
  /** Milliseconds between two pings. */
  readonly pingIntervalMs: number;
  /** Milliseconds between two looks at whether somebody may stay. */
  readonly recheckIntervalMs: number;
}

/** In milliseconds; longer ones would outlast every proxy's time-out. */
const pingIntervalsMs = { shortest: 100, longest: 10 * 60 * 1000 } as const;
/** In milliseconds: a logout at the host, and a revocation whose notification was lost, end a connection this much later. */
const maxIntervalMs = 60 * 60 * 1000;

/** Reads how WebSockets are taken in; `sessions` is how the host's cookie is read, if it is. */
export function loadWebSockets(
  read: SettingsReader,
  sessions: SessionConfig | undefined,
): WebSocketConfig {
  const recheckIntervalMs = read.required('WS_RECHECK_INTERVAL');
  if (recheckIntervalMs > maxIntervalMs) read.problem('WS_RECHECK_INTERVAL must be 1h at most');
  const pingIntervalMs = read.required('WS_PING_INTERVAL');
  if (pingIntervalMs < pingIntervalsMs.shortest || pingIntervalMs > pingIntervalsMs.longest) {
    read.problem('WS_PING_INTERVAL must be from 100ms to 10m');
  }
  const host = upstream('SESSION_WS_UPSTREAM', read);
  if (host !== undefined && sessions === undefined) {
    read.problem('SESSION_WS_UPSTREAM needs SESSION_MODE, or nobody could enter');
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
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    read.problem(`${name} must not hold a user name, a password or a fragment`);
  }
  return url;
}
