import type { ChannelType } from '../channel-type.ts';
import type { AnswerStyle, DoorPolicy, IssuerPolicy, RoutePolicy } from '../policy.ts';
import { type PrincipalKind, kindNamed, ruleName } from '../principal.ts';
import type { DoorDeclaration, RouteDeclaration } from './policy-document.ts';
import { withoutNames } from './raw.ts';
import type { Report } from './report.ts';

interface RouteContext {
  /** By pattern. */
  readonly channels: ReadonlyMap<string, ChannelType>;
  /** The patterns of channels that have problems of their own. */
  readonly unbuilt: readonly string[];
  readonly kinds: readonly PrincipalKind[];
  readonly issuers: readonly IssuerPolicy[];
  readonly styles: ReadonlyMap<string, AnswerStyle>;
  readonly report: Report;
}

/** Builds a route, and reports names that the policy does not declare. */
export function buildRoute(
  route: RouteDeclaration,
  { channels, unbuilt, kinds, issuers, styles, report }: RouteContext,
): RoutePolicy {
  const kind = kindNamed(route.credential.kind);
  const at = (...path: readonly string[]) => [...route.at, ...path];
  if (!kinds.includes(kind)) {
    report.unknown(at('credential', 'kind'), {
      what: 'kind of principal',
      name: route.credential.kind,
      known: kinds.map(ruleName),
    });
  }
  const signed = route.only.flatMap((pattern, i) => {
    const channel = channels.get(pattern);
    if (channel === undefined && !unbuilt.includes(pattern)) {
      const known = [...channels.keys()];
      report.unknown([...at('only'), i], { what: 'channel', name: pattern, known }, 'value');
    }
    return channel ?? [];
  });
  if (unbuilt.length === 0) checkPins(route, signed, { channels, report });
  const answers = route.answers === undefined ? undefined : styles.get(route.answers);
  if (route.answers !== undefined && answers === undefined) {
    const known = [...styles.keys()];
    report.unknown(
      at('answers'),
      { what: 'style of answers', name: route.answers, known },
      'value',
    );
  }
  return {
    about: route.about ?? 'Authorize channels',
    credential: { ...route.credential, kind },
    pins: Object.entries(route.pins).map(([pathParam, channelParam]) => ({
      pathParam,
      channelParam,
    })),
    only: route.only.length === 0 ? undefined : route.only,
    mayHaveTenant:
      (route.only.length === 0 ? [...channels.values()] : signed).some(
        ({ tenant }) => tenant !== undefined,
      ) || issuers.some(({ kind: made, claims }) => made === kind && claims.tenant !== undefined),
    answers,
  };
}

/** A pin of a parameter that no channel has would refuse every request. */
function checkPins(
  { at, pins }: RouteDeclaration,
  signed: readonly ChannelType[],
  { channels, report }: Pick<RouteContext, 'channels' | 'report'>,
): void {
  const known = [...new Set([...channels.values()].flatMap(({ params }) => Object.keys(params)))];
  for (const [pathParam, name] of Object.entries(pins)) {
    const path = [...at, 'pins', pathParam];
    const without = signed.find(({ params }) => !Object.hasOwn(params, name));
    if (!known.includes(name)) {
      report.unknown(path, { what: 'parameter of a channel', name, known }, 'value');
    } else if (without !== undefined) {
      report.at(path, `${without.pattern.text} has no parameter {${name}}`);
    }
  }
}

/** Builds a door. Its channel must be a pattern of the policy. */
export function buildDoor(
  { channel, upstream, at }: DoorDeclaration,
  { channels, unbuilt, report }: Pick<RouteContext, 'channels' | 'unbuilt' | 'report'>,
): DoorPolicy {
  const known = [...channels.keys(), ...unbuilt];
  // The parameters of the path may have other names than those of the channel.
  if (!known.some((pattern) => withoutNames(pattern) === withoutNames(channel))) {
    report.unknown([...at, 'channel'], { what: 'channel', name: channel, known });
  }
  return { channel, upstream, place: report.place([...at, 'upstream']) };
}
