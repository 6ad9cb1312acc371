import type { ChannelType } from '../channel-type.ts';
import type { AnswerStyle, DoorPolicy, RoutePolicy } from '../policy.ts';
import type { PrincipalKind } from '../principal.ts';
import type { DoorDeclaration, RouteDeclaration } from './policy-document.ts';
import { kindNamed } from '../principal.ts';
import type { Report } from './report.ts';

export interface RouteContext {
  /** By pattern. */
  readonly channels: ReadonlyMap<string, ChannelType>;
  readonly kinds: readonly PrincipalKind[];
  readonly styles: ReadonlyMap<string, AnswerStyle>;
  readonly report: Report;
}

/** Builds a route, and reports names that the policy does not declare. */
export function buildRoute(
  route: RouteDeclaration,
  { channels, kinds, styles, report }: RouteContext,
): RoutePolicy {
  const kind = kindNamed(route.credential.kind);
  const at = (...path: readonly string[]) => [...route.at, ...path];
  if (!kinds.includes(kind)) {
    report.unknown(at('credential', 'kind'), {
      what: 'kind of principal',
      name: kind,
      known: kinds,
    });
  }
  const signed = route.only.flatMap((pattern) => {
    const channel = channels.get(pattern);
    if (channel === undefined) {
      report.unknown(at('only'), { what: 'channel', name: pattern, known: [...channels.keys()] });
    }
    return channel ?? [];
  });
  for (const [pathParam, channelParam] of Object.entries(route.pins)) {
    for (const { params, pattern } of signed) {
      if (!Object.hasOwn(params, channelParam)) {
        report.at(at('pins', pathParam), `${pattern.text} has no parameter {${channelParam}}`);
      }
    }
  }
  const answers = route.answers === undefined ? undefined : styles.get(route.answers);
  if (route.answers !== undefined && answers === undefined) {
    report.unknown(at('answers'), {
      what: 'style of answers',
      name: route.answers,
      known: [...styles.keys()],
    });
  }
  return {
    about: route.about ?? 'Authorize channels',
    credential: { ...route.credential, kind },
    pins: Object.entries(route.pins).map(([pathParam, channelParam]) => ({
      pathParam,
      channelParam,
    })),
    only: route.only.length === 0 ? undefined : route.only,
    answers,
  };
}

/** Builds a door. Its channel must be a pattern of the policy. */
export function buildDoor(
  { channel, upstream, at }: DoorDeclaration,
  { channels, report }: Pick<RouteContext, 'channels' | 'report'>,
): DoorPolicy {
  // The parameters of the path may have other names than those of the channel.
  const shape = (text: string) => text.replace(/\{[^}]*\}/g, '{}');
  const known = [...channels.keys()];
  if (!known.some((pattern) => shape(pattern) === shape(channel))) {
    report.unknown([...at, 'channel'], { what: 'channel', name: channel, known });
  }
  return { channel, upstream };
}
