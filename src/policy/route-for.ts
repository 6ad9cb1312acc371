import type { ChannelMatch } from './channel-registry.ts';
import type { Policy, RoutePolicy } from './policy.ts';
import type { PrincipalKind } from './principal.ts';

/** A route of the policy for one channel. */
interface ChosenRoute {
  readonly path: string;
  readonly route: RoutePolicy;
  /** The pinned parameters of the path, with the values of the channel. */
  readonly pathParams: Readonly<Record<string, string>>;
}

/** The first route of the policy that signs this channel for this kind of principal. Without one, the general routes sign it. */
export function routeFor(
  { channelType, params }: ChannelMatch,
  kind: PrincipalKind,
  { routes }: Pick<Policy, 'routes'>,
): ChosenRoute | undefined {
  const pattern = channelType.pattern.text;
  for (const [path, route] of routes) {
    if (route.credential.kind !== kind || route.only?.includes(pattern) === false) continue;
    const values = route.pins.map((pin) => [pin.pathParam, params[pin.channelParam] ?? '']);
    return { path, route, pathParams: Object.fromEntries(values) as Record<string, string> };
  }
  return undefined;
}
