import { patternForms } from '../policy/pusher-names.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import { isCachePattern } from '../policy/channel-type.ts';
import { isValueOf, type Param } from '../policy/param.ts';
import { fillPattern } from '../policy/pattern.ts';
import type { Policy } from '../policy/policy.ts';
import type { AttributeValue, LinkedUser, Principal } from '../policy/principal.ts';

/** A request of a test. */
export interface TestRequest {
  readonly principal: Principal | undefined;
  readonly channel: string;
  /** The tenant of the request. */
  readonly tenant: string | undefined;
  /** The path of a route of the policy; the general routes without it. */
  readonly route: string | undefined;
  /** The parameters of the path. */
  readonly pins: Readonly<Record<string, string>>;
  readonly expired?: true;
}

/** A variation of a granted request, which must be refused unless the test lists its name. */
interface Variation {
  readonly name: string;
  readonly request: TestRequest;
}

export function variationsOf(
  request: TestRequest,
  { channels, issuers }: Pick<Policy, 'channels' | 'issuers'>,
): readonly Variation[] {
  const { principal, channel, pins } = request;
  const match = channels.matchText(channel);
  const vary = (name: string, changes: Partial<TestRequest>): Variation => {
    return { name, request: { ...request, ...changes } };
  };
  return [
    vary('no credential', { principal: undefined }),
    vary('expired credential', { expired: true }),
    ...(principal === undefined ? [] : otherPrincipals(principal, issuers, vary)),
    ...(match === undefined ? [] : otherChannels(match, vary)),
    ...Object.keys(pins).map((name) =>
      vary(`path with another ${name}`, { pins: { ...pins, [name]: stranger } }),
    ),
  ];
}

type Vary = (name: string, changes: Partial<TestRequest>) => Variation;

const stranger = 'usher-stranger';

function otherPrincipals(
  principal: Principal,
  issuers: Policy['issuers'],
  vary: Vary,
): readonly Variation[] {
  const { kind, attributes = {}, tenantId, linkedUser } = principal;
  const other = (changes: Partial<Principal>) => ({ principal: { ...principal, ...changes } });
  return [
    vary(`other ${kind}`, { principal: strangerTo(principal) }),
    ...Object.entries(attributes)
      .filter(([name, value]) => typeof value === 'string' && isIdentity(name, kind, issuers))
      .map(([name]) =>
        vary(
          `${kind} with another ${name}`,
          other({ attributes: { ...attributes, [name]: stranger } }),
        ),
      ),
    ...(linkedUser === undefined ? [] : otherLinks(linkedUser, other, vary)),
    ...(tenantId === undefined
      ? []
      : [
          vary('other tenant', { ...other({ tenantId: stranger }), tenant: stranger }),
          vary('other tenant, this one in the request', other({ tenantId: stranger })),
        ]),
  ];
}

/** Whether an attribute says who the principal is. Rules of a channel need not read the others. */
function isIdentity(name: string, kind: string, issuers: Policy['issuers']): boolean {
  const made = [...issuers.values()].filter((issuer) => issuer.kind === kind);
  return made.every(({ attributes }) => attributes[name]?.isRequired !== false);
}

function otherLinks(
  linkedUser: LinkedUser,
  other: (changes: Partial<Principal>) => Pick<TestRequest, 'principal'>,
  vary: Vary,
): readonly Variation[] {
  return [
    vary('linked to another user', other({ linkedUser: { ...linkedUser, id: stranger } })),
    vary('linked to nobody', other({ linkedUser: undefined })),
    ...(linkedUser.tenantId === undefined
      ? []
      : [
          vary(
            'linked to a user of another tenant',
            other({ linkedUser: { ...linkedUser, tenantId: stranger } }),
          ),
        ]),
  ];
}

/** Another principal of the same kind and tenant, without roles and without its attributes. */
function strangerTo(principal: Principal): Principal {
  const attributes = Object.entries(principal.attributes ?? {}).map(
    ([name, value]) => [name, strangeValue(value)] as const,
  );
  return {
    ...principal,
    id: stranger,
    roles: [],
    linkedUser: undefined,
    attributes: Object.fromEntries(attributes),
  };
}

function strangeValue(value: AttributeValue): AttributeValue {
  if (typeof value === 'boolean') return false;
  if (typeof value === 'number') return value + 1;
  if (value instanceof Date) return new Date(0);
  return typeof value === 'string' ? stranger : [];
}

function otherChannels(match: ChannelMatch, vary: Vary): readonly Variation[] {
  const { channelType, params } = match;
  const body = fillPattern(channelType.pattern, params);
  const prefix = match.channel.text.slice(0, -body.length);
  const segments = Object.entries(params).flatMap(([name, value]) => {
    const param = channelType.params[name];
    const other = param && otherValue(value, param);
    if (other === undefined) return [];
    const changed = fillPattern(channelType.pattern, { ...params, [name]: other });
    return [vary(`channel with another ${name}`, { channel: prefix + changed })];
  });
  return [
    ...segments,
    ...patternForms
      .filter((each) => !channelType.forms.includes(each))
      // A parameter of a cache pattern may begin with `cache-`.
      .filter((each) => !each.endsWith('-cache') || !isCachePattern(channelType.pattern))
      .map((each) => vary(`as ${each}-`, { channel: `${each}-${body}` })),
    vary('without a prefix', { channel: body }),
  ];
}

/** A value with another last character. `undefined` if the parameter has no such value. */
function otherValue(value: string, param: Param): string | undefined {
  const codes = Array.from(param.alphabet.keys()).filter((code) => param.alphabet[code] === 1);
  return codes
    .map((code) => value.slice(0, -1) + String.fromCharCode(code))
    .find((other) => other !== value && isValueOf(param, other));
}
