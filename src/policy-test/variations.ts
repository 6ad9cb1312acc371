import type { PolicyExpectation } from '../policy/policy.ts';
import { channelForms } from '../policy/channel-name.ts';
import type { ChannelRegistry } from '../policy/channel-registry.ts';
import { fillPattern } from '../policy/pattern.ts';
import type { Principal } from '../policy/principal.ts';

/** A request of a test. */
export interface TestRequest {
  readonly principal: Principal | undefined;
  readonly channel: string;
  /** The tenant of the request. */
  readonly tenant: string | undefined;
  /** The expectation with the route and the parameters of its path. */
  readonly expectation: PolicyExpectation;
  readonly expired?: true;
}

/** Variations of a granted request, by name. Each must be refused, unless the test lists it. */
export function variationsOf(
  request: TestRequest,
  channels: ChannelRegistry,
): ReadonlyMap<string, TestRequest> {
  return new Map([
    ['no credential', { ...request, principal: undefined }],
    ['expired credential', { ...request, expired: true }],
    ...otherPrincipals(request),
    ...otherChannels(request.channel, channels).map(([name, channel]): [string, TestRequest] => [
      name,
      { ...request, channel },
    ]),
  ]);
}

const stranger = 'usher-stranger';

function otherPrincipals(request: TestRequest): readonly [string, TestRequest][] {
  const { principal } = request;
  if (principal === undefined) return [];
  const { attributes = {}, tenantId } = principal;
  const other = (changes: Partial<Principal>) => ({ ...principal, ...changes });
  const texts = Object.entries(attributes).filter(([, value]) => typeof value === 'string');
  return [
    [`other ${principal.kind}`, { ...request, principal: strangerTo(principal) }],
    ...texts.map(([name]): [string, TestRequest] => [
      `other ${name}`,
      { ...request, principal: other({ attributes: { ...attributes, [name]: stranger } }) },
    ]),
    ...(tenantId === undefined ? [] : otherTenants(request, other({ tenantId: stranger }))),
  ];
}

function otherTenants(
  request: TestRequest,
  principal: Principal,
): readonly [string, TestRequest][] {
  return [
    ['other tenant', { ...request, principal, tenant: stranger }],
    ['other tenant, this one in the request', { ...request, principal }],
  ];
}

/** Another principal of the same kind and tenant, without roles and without its attributes. */
function strangerTo(principal: Principal): Principal {
  const attributes = Object.entries(principal.attributes ?? {}).map(
    ([name, value]) => [name, typeof value === 'boolean' ? false : stranger] as const,
  );
  return {
    ...principal,
    id: stranger,
    roles: [],
    linkedUser: undefined,
    attributes: Object.fromEntries(attributes),
  };
}

function otherChannels(channel: string, channels: ChannelRegistry): readonly [string, string][] {
  const match = channels.matchText(channel);
  if (match === undefined) return [];
  const { channelType, params } = match;
  const { form, body } = match.channel;
  const segments = Object.entries(params).map(([name, value]): [string, string] => {
    const changed = fillPattern(channelType.pattern, { ...params, [name]: otherValue(value) });
    return [`other ${name}`, `${form}-${changed}`];
  });
  const prefixes = channelForms
    .filter((each) => !channelType.forms.includes(each))
    .map((each): [string, string] => [`as ${each}-`, `${each}-${body}`]);
  return [...segments, ...prefixes, ['without a prefix', body]];
}

/** A value of the same characters and length, so that it also matches a parameter of numbers or a UUID. */
function otherValue(value: string): string {
  const last = value.at(-1) ?? '';
  return value.slice(0, -1) + (last === '1' ? '2' : '1');
}
