import type { ChannelType } from './define-channel.ts';
import type { Principal, PrincipalKind } from './principal.ts';

/** A family as the generated lists show it. */
export interface ChannelDescription {
  /** The pattern in each form that the family has. */
  readonly patterns: readonly string[];
  readonly about: string;
  /** For each kind of visitor that may ask, the names of the checks that it must pass. */
  readonly checks: Readonly<Partial<Record<PrincipalKind, readonly string[]>>>;
}

/** Somebody of each kind, about whom a rule can be asked what it checks. Nobody presents these. */
const samples: { readonly [Kind in PrincipalKind]: Principal & { readonly kind: Kind } } = {
  guest: { kind: 'guest', hotelSlug: '', bookingId: '', expiresAt: 0 },
  user: { kind: 'user', userId: '', roles: [], expiresAt: 0 },
  'guest-session': { kind: 'guest-session', sessionId: '', expiresAt: 0 },
  visitor: { kind: 'visitor', userId: '', isStaff: false, isSuperuser: false, expiresAt: 0 },
};

/** Describes a family from its own declaration: rules are pure and list every check, so they are simply asked. */
export function describeChannel(channelType: ChannelType): ChannelDescription {
  const { pattern, forms, about, kinds } = channelType;
  const params = Object.fromEntries(Object.keys(channelType.params).map((name) => [name, '']));
  const checksOf = (kind: PrincipalKind) =>
    (channelType.check(samples[kind], params, { fact: undefined, now: 0 }) ?? []).map(
      ({ name }) => name,
    );
  return {
    patterns: forms.map((form) => pattern.text.replace(/^private-/, `${form}-`)),
    about,
    checks: Object.fromEntries(kinds.map((kind) => [kind, checksOf(kind)])),
  };
}
