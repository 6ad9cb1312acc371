import type { Config } from '../../config/load.ts';
import { upstreamProblem, withoutSessions } from '../../config/web-sockets.ts';
import { askOfVisitors } from '../../authorize/application-visitor.ts';
import type { DoorPolicy, Policy } from '../../policy/policy.ts';
import { withoutNames } from '../../policy/yaml/raw.ts';

/** The settings on which doors depend. */
type DoorConfig = Pick<Config, 'webSockets' | 'sessions' | 'variable'>;

/** A door, and the policy that has its channel. */
interface Door {
  readonly door: DoorPolicy;
  readonly policy: Pick<Policy, 'channels'>;
}

/** The server behind a door; `undefined` if its variable is not set, or has a problem of `doorProblems`. */
export function doorUpstream(door: Door, config: DoorConfig): URL | undefined {
  const found = readUpstream(door, config);
  return typeof found === 'string' ? undefined : found;
}

/** The problems of a policy's doors with these settings, so that they are reported before a visitor connects. */
export function doorProblems(
  policy: Pick<Policy, 'doors' | 'channels'>,
  config: DoorConfig,
): readonly string[] {
  return [...policy.doors].flatMap(([path, door]) => {
    const found = readUpstream({ door, policy }, config);
    if (typeof found !== 'string') return [];
    const { file, line } = door.place;
    return [`${file}:${line}: the door ${path}: ${door.upstream.env} ${found}`];
  });
}

/** The address in the variable of a door, or its problem, which does not repeat the address: it may have a password. */
function readUpstream(
  of: Door,
  { webSockets, sessions, variable }: DoorConfig,
): URL | string | undefined {
  const { env } = of.door.upstream;
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
  return sessions === undefined && !acceptsApplicationVisitors(of) ? withoutSessions : url;
}

/** Whether the application decides about a cookie that Usher does not read. */
function acceptsApplicationVisitors({ door, policy: { channels } }: Door): boolean {
  return channels.channelTypes.some(
    (type) =>
      withoutNames(type.pattern.text) === withoutNames(door.channel) &&
      askOfVisitors(type) !== undefined,
  );
}
