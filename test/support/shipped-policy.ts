import type { ChannelType } from '../../src/policy/channel-type.ts';
import type { Fact, FindFact } from '../../src/policy/fact-kind.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { guestIssuer, userIssuer, type Policy } from '../../src/policy/policy.ts';
import { issuerClaims, type IssuerClaims } from '../../src/authn/token-issuers.ts';

/** The policies that Usher ships, all of them as one. */
export const shippedPolicy = await loadPolicy(['builtin:*']);

/** The issuer of guest tokens. */
export const shippedGuestIssuer = shippedPolicy.issuers.get(guestIssuer)!;

/** The claims of guest tokens, with the names that these settings select. */
export function guestTokenClaims(settings: Readonly<Record<string, string>> = {}): IssuerClaims {
  return issuerClaims(shippedGuestIssuer, (name) => settings[name]);
}

/** The claims of users' tokens. */
export const userTokenClaims = issuerClaims(
  shippedPolicy.issuers.get(userIssuer)!,
  () => undefined,
);

/** The error bodies that the client of the hotel chat parses. */
export const hotelAnswers = shippedPolicy.routes.get(
  '/api/guest/hotel/{hotel}/chat/pusher/auth',
)!.answers!;

/** The only shipped channel type with this pattern. Throws without one. */
export function shippedChannel(pattern: string): ChannelType {
  return channelOf(shippedPolicy, pattern);
}

/** The only channel type of a policy with this pattern. Throws without one. */
export function channelOf({ channels }: Policy, pattern: string): ChannelType {
  const found = channels.channelTypes.find(({ pattern: { text } }) => text === pattern);
  if (found === undefined) throw new Error(`No channel type ${pattern}`);
  return found;
}

/** Facts in memory by kind, the same one for all ids. */
export function findByKind(facts: Readonly<Record<string, Fact | undefined>>): FindFact {
  return ({ name }) => Promise.resolve(facts[name]);
}
