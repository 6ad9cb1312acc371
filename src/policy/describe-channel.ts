import type { ChannelType } from './define-channel.ts';
import type { Principal, PrincipalKind } from './principal.ts';

/** A channel type in the generated lists. */
export interface ChannelDescription {
  /** The pattern in each form. */
  readonly patterns: readonly string[];
  readonly about: string;
  /** The names of the checks for each accepted kind of principal. */
  readonly checks: Readonly<Partial<Record<PrincipalKind, readonly string[]>>>;
}

/** A principal of each kind, to get the checks of a rule. */
const samples: { readonly [Kind in PrincipalKind]: Principal & { readonly kind: Kind } } = {
  guest: { kind: 'guest', hotelSlug: '', bookingId: '', expiresAt: 0 },
  user: { kind: 'user', userId: '', roles: [], expiresAt: 0 },
  'guest-session': { kind: 'guest-session', sessionId: '', expiresAt: 0 },
  visitor: { kind: 'visitor', userId: '', isStaff: false, isSuperuser: false, expiresAt: 0 },
};

/** Evaluates each rule to get the names of its checks: rules are pure, and always return every check. */
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
