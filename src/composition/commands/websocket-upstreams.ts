import type { Config } from '../../config/load.ts';
import { upstreamProblem, withoutSessions } from '../../config/web-sockets.ts';
import { hostVisitorKind, namesMember } from '../../policy/ask.ts';
import type { WebSocketPolicy, Policy } from '../../policy/policy.ts';
import { withoutNames } from '../../policy/yaml/raw.ts';

/** The settings on which WebSocket endpoints depend. */
type UpstreamConfig = Pick<Config, 'webSockets' | 'sessions' | 'variable'>;

/** A WebSocket endpoint, and the policy that has its channel. */
interface Endpoint {
  readonly webSocket: WebSocketPolicy;
  readonly policy: Pick<Policy, 'channels'>;
}

/** The server behind an endpoint; `undefined` if its variable is not set, or has a problem of `upstreamProblems`. */
export function upstreamOf(endpoint: Endpoint, config: UpstreamConfig): URL | undefined {
  const found = readUpstream(endpoint, config);
  return typeof found === 'string' ? undefined : found;
}

/** The problems of a policy's WebSocket endpoints with these settings. Otherwise the first visitor would find them. */
export function upstreamProblems(
  policy: Pick<Policy, 'webSockets' | 'channels'>,
  config: UpstreamConfig,
): readonly string[] {
  return [...policy.webSockets].flatMap(([path, webSocket]) => {
    const found = readUpstream({ webSocket, policy }, config);
    if (typeof found !== 'string') return [];
    const { file, line } = webSocket.place;
    return [`${file}:${line}: the WebSocket endpoint ${path}: ${webSocket.upstream.env} ${found}`];
  });
}

/** The address in the variable of an endpoint, or its problem, which does not repeat the address: it may have a password. */
function readUpstream(
  of: Endpoint,
  { webSockets, sessions, variable }: UpstreamConfig,
): URL | string | undefined {
  const { env } = of.webSocket.upstream;
  // A setting, which is already checked.
  if (env === 'SESSION_WS_UPSTREAM') return webSockets.host;
  const text = variable(env) ?? '';
  if (text === '') return undefined;
  if (!/^wss?:\/\//i.test(text) || !URL.canParse(text)) {
    return 'must be an address that begins with ws:// or wss://';
  }
  const url = new URL(text);
  const problem = upstreamProblem(url);
  if (problem !== undefined) return problem;
  return sessions === undefined && !acceptsHostVisitors(of) ? withoutSessions : url;
}

/** Whether the application decides about a cookie that Usher does not read. */
function acceptsHostVisitors({ webSocket, policy: { channels } }: Endpoint): boolean {
  return channels.channelTypes.some(
    ({ pattern, ask, rules }) =>
      withoutNames(pattern.text) === withoutNames(webSocket.channel) &&
      namesMember(ask) &&
      rules.has(hostVisitorKind),
  );
}
